import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';

// The command itself on tiny models, each engine in its process: what it computes and writes, never how long it takes.

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tfm-bench-test-'));
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

interface Report {
  readonly machine: { readonly node: string; readonly packages: Readonly<Record<string, string>> };
  readonly cases: readonly {
    readonly case: string;
    readonly engines: readonly {
      readonly engine: string;
      readonly form?: string;
      readonly trials?: object;
      readonly rounds: number;
      readonly memory: number;
      readonly firstCall: number;
      readonly difference: number;
      readonly cpu: { readonly median: number };
    }[];
  }[];
}

function bench(...argv: string[]) {
  const json = path.join(folder, 'report.json');
  const options = { encoding: 'utf8', maxBuffer: 2 ** 26 } as const;
  const { status, stdout, stderr } = spawnSync(process.execPath, ['bench/run.mjs', ...argv, '--json', json], options);
  expect(status, stderr).toBe(0);
  return { stdout, stderr, report: JSON.parse(fs.readFileSync(json, 'utf8')) as Report };
}

const engines = ['wasm', 'stock', 'ort-web', 'ort-node'];

// Decoding begins with a prefill: test-gpt2 is in it. Relaxed SIMD is the program of wasm with a flag: once is enough.
describe.each([
  { name: 'test-gpt2-decode', engines: ['wasm', 'wasm-relaxed', 'stock', 'ort-web', 'ort-node'] },
  { name: 'test-bert', engines },
  { name: 'test-vit', engines },
])('$name', ({ name, engines }) => {
  test('runs on its engines, and all agree', { timeout: 300_000 }, () => {
    const { stdout, stderr, report } = bench('--case', name, '--engine', ...engines, '--rounds', '2');
    expect(report.cases.map((each) => each.case)).toEqual([name]);
    const rows = report.cases[0]?.engines ?? [];
    expect(rows.map(({ engine }) => engine)).toEqual(engines);
    for (const { engine, form, trials, rounds, memory, firstCall, difference, cpu } of rows) {
      expect(rounds, engine).toBe(2);
      expect(difference, engine).toBeLessThan(1e-5); // seen: 6e-7
      expect(difference, engine).toBeGreaterThan(0); // two engines that are one
      expect(memory, engine).toBeGreaterThan(2 ** 20);
      expect(Math.min(firstCall, cpu.median), engine).toBeGreaterThan(0);
      expect(form === undefined, engine).toBe(!engine.startsWith('ort'));
      if (trials) expect(Object.keys(trials).sort()).toEqual(['attention', 'decomposed']);
    }
    expect(report.machine.node).toBe(process.version);
    expect(report.machine.packages['onnxruntime-web']).toMatch(/^\d+\.\d+\.\d+$/);
    for (const engine of engines) expect(stdout).toContain(`| ${engine}`);
    expect(stderr).toContain(`${name}: starting wasm\n`);
  });
});

test('weights and modules are made once: by the test before', { timeout: 120_000 }, () => {
  const made = () => fs.readdirSync('.cache/bench/weights', { recursive: true }).map(String).sort();
  const [before, file] = [made(), made().find((name) => /vit.*safetensors$/.test(name))!];
  const stamp = fs.statSync(path.join('.cache/bench/weights', file)).mtimeMs;
  bench('--case', 'test-vit', '--engine', 'stock', '--quick');
  expect(made()).toEqual(before);
  expect(fs.statSync(path.join('.cache/bench/weights', file)).mtimeMs).toBe(stamp);
});
