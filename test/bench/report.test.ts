import { describe, expect, test } from 'vitest';
import { cases } from '../../bench/lib/cases.mjs';
import { progressOn } from '../../bench/lib/progress.mjs';
import { jsonReport, machineLine, ratios, resultTable } from '../../bench/lib/report.mjs';
import { median, quantile, ratio } from '../../bench/lib/statistics.mjs';
import type { CaseResult, EngineName, EngineResult, Machine } from '../../bench/lib/types.js';

describe('statistics', () => {
  test('quantiles lie between the values around them', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
    expect(quantile([10, 20, 30, 40, 50], 0.25)).toBe(20);
    expect(quantile([1, 2], 0.25)).toBe(1.25);
    expect(() => median([])).toThrow('nothing');
  });

  test('a round that is slow for all leaves the ratio as it is', () => {
    expect(ratio([20, 200, 22], [10, 100, 11])).toBe(2);
    expect(ratio([20, 20, 60], [10, 10, 10])).toBe(2);
  });
});

function engine(name: EngineName, times: readonly number[], more: Partial<EngineResult> = {}): EngineResult {
  const samples = times.map((cpu) => ({ cpu, wall: cpu / 2 }));
  return { engine: name, samples, memory: 300 * 2 ** 20, firstCall: 1234, difference: 2e-6, ...more };
}

const what = cases.find(({ name }) => name === 'vit-tiny')!;
const result: CaseResult = {
  case: what,
  tolerance: 1e-4,
  engines: [
    engine('wasm', [90, 100, 110]),
    engine('ort-web', [50, 50, 50], { form: 'attention', trials: { attention: 50, decomposed: 60 } }),
    engine('ort-node', [20, 20, 20], { form: 'decomposed', trials: { attention: 30, decomposed: 20 } }),
    engine('webgpu', [16, 16, 16]),
    engine('ort-webgpu', [8, 8, 8], { form: 'attention', trials: { attention: 8, decomposed: 9 } }),
  ],
};
const machine: Machine = {
  cpu: 'A processor',
  cores: 2,
  memory: 2 ** 34,
  platform: 'linux-x64',
  node: 'v20.0.0',
  packages: { 'onnxruntime-web': '1.30.0' },
  adapter: 'a GPU',
};

describe('the report', () => {
  test('ratios are to ort-web by CPU time, of GPU engines to ort-webgpu by the clock', () => {
    expect(result.engines.map((row) => ratios(row, result))).toEqual([
      { baseline: 2, best: 5 },
      { baseline: 1, best: 2.5 },
      { baseline: 0.4, best: 1 },
      { baseline: 2, best: 2 },
      { baseline: 1, best: 1 },
    ]);
  });

  test('without the baseline there is no ratio to it', () => {
    const alone = { ...result, engines: result.engines.slice(0, 1) };
    expect(ratios(alone.engines[0]!, alone)).toEqual({ baseline: undefined, best: 1 });
  });

  test('the table has a row for each engine', () => {
    expect(resultTable([result])).toMatchInlineSnapshot(`
      "| case                | engine                | CPU ms | wall ms | ÷ ort | ÷ best | peak MiB | first ms | rounds | apart |
      |---------------------|-----------------------|-------:|--------:|------:|-------:|---------:|---------:|-------:|------:|
      | ViT-Tiny, one image | wasm                  |    100 |    50.0 |  2.00 |   5.00 |      300 |     1234 |      3 |  2e-6 |
      |                     | ort-web (opset 23)    |   50.0 |    25.0 |  1.00 |   2.50 |      300 |     1234 |      3 |  2e-6 |
      |                     | ort-node (opset 17)   |   20.0 |    10.0 |  0.40 |   1.00 |      300 |     1234 |      3 |  2e-6 |
      |                     | webgpu                |        |    8.00 |  2.00 |   2.00 |      300 |     1234 |      3 |  2e-6 |
      |                     | ort-webgpu (opset 23) |        |    4.00 |  1.00 |   1.00 |      300 |     1234 |      3 |  2e-6 |"
    `);
  });

  test('the JSON says everything', () => {
    const report = jsonReport([result], machine);
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
    expect(report).toMatchObject({ machine, units: { time: 'ms', memory: 'bytes' } });
    expect(report.cases[0]).toMatchObject({ case: 'vit-tiny', title: 'ViT-Tiny, one image', tolerance: 1e-4 });
    expect(report.cases[0]?.engines[1]).toEqual({
      engine: 'ort-web',
      form: 'attention',
      trials: { attention: 50, decomposed: 60 },
      compared: 'cpu',
      cpu: { median: 50, quartiles: [50, 50] },
      wall: { median: 25, quartiles: [25, 25] },
      rounds: 3,
      ratio: { baseline: 1, best: 2.5 },
      memory: 300 * 2 ** 20,
      firstCall: 1234,
      difference: 2e-6,
    });
    expect(report.cases[0]?.engines[0]?.cpu).toEqual({ median: 100, quartiles: [95, 105] });
  });

  test('the machine in a line', () => {
    expect(machineLine(machine)).toBe('2 × A processor, linux-x64, Node v20.0.0, GPU: a GPU');
  });
});

describe('progress', () => {
  const written = (isTTY: boolean) => {
    let text = '';
    const progress = progressOn({ write: (more: string) => (text += more), isTTY, columns: 10 });
    progress.stage('a long stage');
    progress.step('a step');
    progress.end();
    return text;
  };

  test('is one line that changes on a terminal', () => {
    expect(written(true)).toBe('\r\u001b[Ka long st\r\u001b[Ka step\r\u001b[K');
  });

  test('is a line for each stage elsewhere', () => {
    expect(written(false)).toBe('a long stage\n');
  });
});
