// grammar/dist/index.js and Chevrotain in one file, grammar/dist/bundle.js: importing Chevrotain's many modules costs
// 270 ms at each start of `tfm`, the bundle a tenth of it. The licences of what is inside go beside it.
import fs from 'node:fs';
import path from 'node:path';
import { rolldown } from 'rolldown';

const bundle = await rolldown({
  input: 'grammar/dist/index.js',
  platform: 'neutral',
  resolve: { mainFields: ['module', 'main'] },
});
const { output } = await bundle.write({ file: 'grammar/dist/bundle.js', format: 'esm' });
await bundle.close();

const folders = output
  .flatMap((chunk) => (chunk.type === 'chunk' ? chunk.moduleIds : []))
  .map((id) => /^.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+/.exec(id)?.[0])
  .filter((folder) => folder !== undefined);
const licences = [...new Set(folders)].sort().map((folder) => {
  const { name, version, license } = JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8'));
  const file = fs.readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
  const text = file ? fs.readFileSync(path.join(folder, file), 'utf8').trim() : '';
  return `${name} ${version} (${license})\n\n${text}\n`;
});
fs.writeFileSync('grammar/dist/bundle.LICENSES.txt', licences.join(`\n${'-'.repeat(80)}\n\n`));
