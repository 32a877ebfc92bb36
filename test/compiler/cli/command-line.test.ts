import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { describe, expect, test } from 'vitest';
import { settingValue } from '../../../compiler/src/cli/values.js';
import { tfm } from './tool.js';

const commands = ['init', 'check', 'fmt', 'build', 'explain', 'run', 'import', 'completion', 'help'];

describe('help', () => {
  test('--version prints the version of the package and nothing else', async () => {
    const { version } = JSON.parse(fs.readFileSync('compiler/package.json', 'utf8')) as { version: string };
    expect(await tfm(['--version'])).toEqual({ exitCode: 0, stdout: `${version}\n`, stderr: '' });
  });

  test('--help names every command', async () => {
    const { exitCode, stdout, stderr } = await tfm(['--help']);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    for (const command of commands) expect(stdout).toMatch(new RegExp(`^  ${command}\\b`, 'm'));
  });

  test.each(commands)('%s --help has examples', async (command) => {
    const { exitCode, stdout } = await tfm([command, '--help']);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(new RegExp(`Examples:\\n(.*\\n)*.*tfm ${command}`));
    const same = await tfm(['help', command]);
    expect(same.stdout).toBe(stdout);
  });

  test('help CODE explains a diagnostic', async () => {
    const { exitCode, stdout } = await tfm(['help', 'tfm2004']);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^error\[TFM2004\]: two shapes do not fit together\n/);
  });
});

describe('a wrong command line ends with 2', () => {
  test.each([
    [['biuld'], /unknown command 'biuld'\n\(Did you mean build\?\)/],
    [['build', '--ouy', 'x'], /unknown option '--ouy'\n\(Did you mean --out\?\)/],
    [['build', '--target', 'c'], /Allowed choices are typescript, graph/],
    [['build', '--check', '--watch'], /cannot be used with option/],
    [['explain'], /missing required argument 'spec'/],
    [['explain', 'a.tfm', '--set', 'width'], /It is a parameter and its value: width=256/],
    [['explain', 'a.tfm', '--at', 'T'], /It is a dimension and its size: T=128/],
    [['run', 'a.tfm', '--top-p', '1.5'], /It is from 0 to 1/],
    [['run', 'a.tfm', '--max-new-tokens', '-1'], /It is a whole number of at least 0/],
    [['run', 'a.tfm', '--prompt-tokens', '1,x'], /It is a list of token ids/],
    [['run', 'a.tfm', '--weights', 'w', '--init', '1'], /cannot be used with option/],
    [['completion', 'tcsh'], /there is no completion for 'tcsh'\nhelp: the shells are bash, zsh, fish/],
    [['help', 'TFM204'], /did you mean TFM20\d+\?/],
    [['help', 'chekc'], /did you mean check\?/],
    [['fmt', '--stdin', 'x.tfm'], /--stdin reads no files/],
  ])('%j', async (argv, message) => {
    const { exitCode, stdout, stderr } = await tfm(argv);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toMatch(message);
  });
});

test.each([
  ['768', 768],
  ['50_257', 50257],
  ['1e-5', 1e-5],
  ['-0.5', -0.5],
  ['.5', 0.5],
  ['true', true],
  ['none', null],
  ['[1, 2.5, true]', [1, 2.5, true]],
  ['[]', []],
  ['swish', 'swish'],
  ['"12"', '12'],
])('--set name=%s', (text, value) => {
  expect(settingValue(text)).toEqual(value);
});

describe('completion', () => {
  test('bash completes commands, options and their values', async () => {
    const { stdout } = await tfm(['completion', 'bash']);
    const complete = (...words: string[]): string[] => {
      const line = ['tfm', ...words].map((word) => `'${word}'`).join(' ');
      const script = `${stdout}\nCOMP_WORDS=(${line}); COMP_CWORD=${words.length}; _tfm; printf '%s\\n' "\${COMPREPLY[@]}"`;
      const { stdout: found, status, stderr } = spawnSync('bash', ['-c', script], { encoding: 'utf8' });
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      return found.trim().split('\n');
    };
    expect(complete('')).toEqual(commands);
    expect(complete('bu')).toEqual(['build']);
    expect(complete('build', '--wa')).toEqual(['--watch']);
    expect(complete('build', '--target', '')).toEqual(['typescript', 'graph', 'onnx']);
    expect(complete('run', 'a.tfm', '--top')).toEqual(['--top-k', '--top-p']);
    expect(complete('completion', 'z')).toEqual(['zsh']);
  });

  test.each([
    ['zsh', /^#compdef tfm\n/, "'--target[what to generate]:value:(typescript graph onnx)'"],
    ['fish', /^# fish completion/, "-l target -d 'what to generate' -x -a 'typescript graph onnx'"],
  ])('%s', async (shell, start, option) => {
    const { exitCode, stdout } = await tfm(['completion', shell]);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(start);
    expect(stdout).toContain(option);
    for (const command of commands) expect(stdout).toContain(command);
  });
});
