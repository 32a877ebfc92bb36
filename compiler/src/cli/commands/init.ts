import fs from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline/promises';
import type { Context } from '../context.js';
import { exitCodes, inputFailure } from '../exit.js';
import { showPath, writeIfChanged } from '../files.js';
import { starterFiles } from '../starter.js';

/** `tfm init [dir]`: writes a starter project, and says what to do next. */
export async function init(dir: string, { yes = false }: { yes?: boolean }, context: Context): Promise<number> {
  const { io } = context;
  const folder = path.resolve(io.cwd, dir);
  const manifest = path.join(folder, 'package.json');
  const isNew = !fs.existsSync(manifest);
  const files = Object.entries(starterFiles(isNew));
  const present = files.map(([name]) => name).filter((name) => fs.existsSync(path.join(folder, name)));
  if (present.length > 0) {
    throw inputFailure(
      `${present.join(', ')} ${present.length === 1 ? 'is' : 'are'} already in ${showPath(folder, io.cwd)}`,
      'choose another folder: tfm init DIR',
    );
  }
  if (
    !yes &&
    io.stdout.isTerminal &&
    !(await confirm(`Write ${files.map(([name]) => name).join(', ')} to ${showPath(folder, io.cwd)}?`, io.signal))
  ) {
    return exitCodes.ok;
  }
  for (const [name, text] of files) {
    writeIfChanged(path.join(folder, name), text);
    io.stdout.write(`${showPath(path.join(folder, name), io.cwd)}\n`);
  }
  io.stdout.write(nextSteps(showPath(folder, io.cwd), isNew));
  return exitCodes.ok;
}

async function confirm(question: string, signal: AbortSignal): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(`${question} [Y/n] `, { signal });
    return /^(y(es)?)?$/i.test(answer.trim());
  } finally {
    terminal.close();
  }
}

function nextSteps(folder: string, isNew: boolean): string {
  const steps = [
    ...(folder === '.' ? [] : [`cd ${folder}`]),
    ...(isNew
      ? ['npm install', 'npm start']
      : [
          'npm install @tfm-lang/runtime @tensorflow/tfjs @tensorflow/tfjs-backend-wasm @tensorflow/tfjs-backend-webgpu',
          'npm install --save-dev @tfm-lang/compiler typescript @types/node',
          'npm pkg set scripts.build="tfm build && tsc" scripts.start="npm run build && node dist/main.js"',
          'npm start',
        ]),
  ];
  return `\nNext:\n${steps.map((step) => `  ${step}\n`).join('')}\nThen change gpt.tfm, and see what it takes: npx tfm explain gpt.tfm\n`;
}
