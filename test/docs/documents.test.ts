import fs from 'node:fs';
import * as compiler from '@tfm-lang/compiler';
import { runtimeErrors } from '@tfm-lang/runtime';
import { beforeAll, expect, test } from 'vitest';
import { main } from '../../compiler/src/cli/main.js';
import { commandLine, documents } from '../../scripts/gen-docs.mjs';

const refresh = 'run: node scripts/setup.mjs scripts/gen-docs.mjs';
const files = ['README.md', 'specs/README.md', ...markdownIn('docs'), ...markdownIn('docs/diagnostics')];
let expected: Map<string, string>;

function markdownIn(folder: string): string[] {
  const names = fs.readdirSync(folder).filter((name) => name.endsWith('.md'));
  return names.map((name) => `${folder}/${name}`).sort();
}

beforeAll(async () => {
  expected = await documents({ compiler, runtimeErrors, tfm: commandLine(main) });
}, 60_000);

test('there is a document for each code, and no other', () => {
  expect(files.filter((file) => !file.endsWith('.md'))).toEqual([]);
  expect(files, refresh).toEqual(expect.arrayContaining([...expected.keys()]));
  expect([...expected.keys()].length, refresh).toBe(files.length);
});

test.each(files)('%s is up to date', (file) => {
  expect(fs.readFileSync(file, 'utf8'), refresh).toBe(expected.get(file));
});

test('links between documents lead somewhere', () => {
  const broken = files.flatMap((file) => {
    const text = fs.readFileSync(file, 'utf8').replace(/^```[\s\S]*?^```$/gm, '');
    const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);
    return links.filter((link) => !leadsSomewhere(link, file)).map((link) => `${file}: ${link}`);
  });
  expect(broken).toEqual([]);
});

function leadsSomewhere(link: string, from: string): boolean {
  if (/^https?:/.test(link)) return true;
  const [target = '', anchor] = link.split('#');
  const file = target === '' ? from : new URL(target, `file:///${from}`).pathname.slice(1);
  if (!fs.existsSync(file)) return false;
  if (anchor === undefined) return true;
  const headings = [...fs.readFileSync(file, 'utf8').matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => heading);
  return headings.some(
    (heading) =>
      heading
        .toLowerCase()
        .replace(/[^\w\s-]/g, '')
        .replaceAll(' ', '-') === anchor,
  );
}
