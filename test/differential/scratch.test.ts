import fs from 'node:fs';
import fc from 'fast-check';
import { test } from 'vitest';
import { compile } from '../../compiler/src/compile.js';
import { operators } from '../../compiler/src/graph/operators.js';
import { Coverage, formulaOperators } from '../support/differential/coverage.js';
import { madeTrial } from '../support/differential/generator/index.js';

test('t', async () => {
  const n = Number(process.env.N ?? 300);
  const all = fc.sample(madeTrial, { numRuns: n, seed: Number(process.env.SEED ?? 1) });
  const counts = new Map<string, { n: number; example: string }>();
  let ok = 0;
  let warn = 0;
  const cov = new Coverage();
  const t0 = performance.now();
  for (const { spec } of all) {
    const { graph, diagnostics } = compile({ read: (p) => (p === 'spec.tfm' ? spec.text : undefined) }, 'spec.tfm');
    if (graph) {
      ok++;
      cov.add(graph.models[0]!);
      warn += diagnostics.length > 0 ? 1 : 0;
    }
    for (const d of diagnostics) {
      if (d.severity !== 'error') continue;
      const k = d.code + ' ' + d.message.replace(/\d+/g, '#');
      const e = counts.get(k);
      if (e) {
        e.n++;
        if (spec.text.length < e.example.length) e.example = spec.text;
      } else counts.set(k, { n: 1, example: spec.text });
    }
  }
  const lengths = all.map((a) => a.spec.text.length).sort((a, b) => a - b);
  let out = `ok ${ok}/${n} warn ${warn} ${((performance.now() - t0) / n).toFixed(0)} ms; lengths ${lengths[0]} ${lengths[n >> 1]} ${lengths.at(-1)}\n`;
  for (const [k, e] of [...counts].sort((a, b) => b[1].n - a[1].n).slice(0, 25))
    out += `\n##### ${e.n} × ${k}\n${e.example.length < 1500 ? e.example : e.example.slice(0, 1500)}\n`;
  for (const k of ['nodes', 'states', 'operators', 'masks', 'scores', 'functions'] as const)
    out +=
      `\n## ${k}: ` +
      [...cov[k]]
        .sort((a, b) => b[1] - a[1])
        .map(([a, b]) => a + ' ' + b)
        .join(', ');
  out += `\nmissing operators ${Object.keys(operators).filter((o) => !cov.operators.has(o))}; formula ${formulaOperators.filter((o) => !cov.masks.has(o) && !cov.scores.has(o) && !cov.functions.has(o))}`;
  fs.writeFileSync('/tmp/tfm/spec-generator/all.txt', all.map((a, i) => `### ${i}\n` + a.spec.text).join('\n'));
  fs.writeFileSync('/tmp/tfm/spec-generator/out.txt', out);
});
