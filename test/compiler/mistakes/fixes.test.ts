import { describe, expect, it } from 'vitest';
import type { Diagnostic } from '../../../compiler/src/source/index.js';
import { diagnose, mistakeCases, textOf } from './cases.js';

const key = ({ code, message }: Diagnostic): string => `${code} ${message}`;

/** What remains of a file's mistakes after an edit, without those that are only further down now. */
function after(name: string, text: string): string[] {
  return diagnose(name, text).map(key);
}

/** Every `did you mean x?` of every case: the word at the place is replaced by the suggestion. */
const suggested = mistakeCases.flatMap((name) =>
  diagnose(name).flatMap((diagnostic) => {
    const to = /^did you mean (.+)\?$/.exec(diagnostic.help ?? '')?.[1];
    return to !== undefined && diagnostic.file === `${name}.tfm` ? [{ name, diagnostic, to }] : [];
  }),
);

describe('a suggested name, put in its place, ends the mistake', () => {
  it.each(suggested.map((s) => [`${s.name}: ${s.diagnostic.message} → ${s.to}`, s] as const))('%s', (_, suggestion) => {
    const { name, diagnostic, to } = suggestion;
    const text = textOf(name);
    const { start, end } = diagnostic.span;
    const written = text.slice(start, end);
    const quoted = written.startsWith('"') ? `"${to}"` : to;
    const fixed = text.slice(0, start) + quoted + text.slice(end);
    const left = after(name, fixed);
    expect(left).not.toContain(key(diagnostic));
    expect(left.filter((k) => k.startsWith(diagnostic.code)).length).toBeLessThan(
      diagnose(name).filter((d) => d.code === diagnostic.code).length,
    );
  });

  it('there are many', () => {
    expect(suggested.length).toBeGreaterThan(20);
  });
});

/** Help lines that say what to write, and the file after doing so. */
const edits: readonly [name: string, code: string, help: string, from: string, to: string][] = [
  ['shapes-branch', 'TFM2004', 'end the branch with linear(width)', 'linear(512)', 'linear(width)'],
  [
    'name-library',
    'TFM2001',
    'import { window } from "std/layers"',
    'model M',
    'import { window, FeedForward } from "std/layers"\nmodel M',
  ],
  [
    'name-early',
    'TFM2048',
    'move the definition of words up',
    '  output y = tokens -> words\n  let words = embedding(vocab, width)\n',
    '  let words = embedding(vocab, width)\n  output y = tokens -> words\n',
  ],
  [
    'shapes-vocabulary',
    'TFM2239',
    'write embedding(source_vocab, …)',
    'embedding(target_vocab,',
    'embedding(source_vocab,',
  ],
  ['shapes-unembed', 'TFM2201', 'put linear(joint) before it', '-> unembed', '-> linear(joint) as narrow -> unembed'],
  [
    'shapes-weights-twice',
    'TFM2220',
    'use a block: each use of a block makes its own weights',
    'let share = linear(width)',
    'block share = linear(width)',
  ],
  [
    'shapes-dtype',
    'TFM2209',
    'embed them first: embedding(vocab, …)',
    'tokens -> layer_norm',
    'tokens -> embedding(vocab, width) -> layer_norm',
  ],
  ['positions-few', 'TFM2251', 'bound the input: T <= 256, or make the table larger', 'T <= context', 'T <= 256'],
  [
    'match-cases',
    'TFM2223',
    'end with _ => …',
    '"gelu" => gelu }\n  output c',
    '"gelu" => gelu, _ => silu }\n  output c',
  ],
  [
    'if-data',
    'TFM2221',
    'use where(condition, a, b)',
    'match tokens { 0 => words, _ => words * 2 }',
    'where(present(tokens), tokens, 0)',
  ],
  ['mask-future', 'TFM3001', 'write mask: causal and …', 'attention(heads)', 'attention(heads, mask: causal)'],
  ['mask-future-or', 'TFM3001', 'write mask: causal and …', 'mask: near', 'mask: causal and near'],
  [
    'size-division',
    'TFM2202',
    'choose sizes that divide, or write floor(a / b) where rounding down is meant',
    'width / 5',
    'floor(width / 5)',
  ],
  ['size-division-kv', 'TFM2240', 'choose a number of key heads that divides heads', 'kv_heads: 3', 'kv_heads: 2'],
  ['argument-missing', 'TFM2007', 'write Scaled(factor: …)', '-> Scaled\n', '-> Scaled(factor: 3)\n'],
  [
    'parameter-order',
    'TFM2047',
    'put width before heads',
    'heads = width / d_k, d_k = 16, width = 64',
    'width = 64, d_k = 16, heads = width / d_k',
  ],
  ['checkpoint-paths', 'TFM4103', 'write layers[i]', 'layers.norm = "norm"', 'layers[i].norm = "norm.{i}"'],
  [
    'checkpoint-unmapped',
    'TFM4111',
    'add a rule for head.weight, or give it a default',
    '    words =',
    '    head = "head"\n    words =',
  ],
  ['checkpoint-templates', 'TFM4106', 'write [i] in the path', '"wte.{i}"', '"wte.weight"'],
  ['input-types', 'TFM2254', 'write token[…] of vocab', 'token[B, T]', 'token[B, T] of 100'],
  [
    'dimension-twice',
    'TFM2206',
    'use two names if the sizes may differ',
    'float[B, n, n] = linear(n)',
    'float[B, n, m] = linear(n + m)',
  ],
  [
    'dimension-default-only',
    'TFM2207',
    'write require width == hidden',
    '  input x',
    '  require width == hidden\n  input x',
  ],
  [
    'scan-states',
    'TFM2232',
    'add: emit value',
    'let n = gru_cell(row, s)\n    return n }\n  output b',
    'let n = gru_cell(row, s)\n    emit n\n    return n }\n  output b',
  ],
  [
    'train-against',
    'TFM3021',
    'write the tokens of an input, as in tokens.shifted, or leave it out: labels are then given with each batch',
    'labels',
    'tokens.shifted',
  ],
];

describe('what a help line says to write ends the mistake', () => {
  it.each(edits)('%s %s: %s', (name, code, help, from, to) => {
    const told = diagnose(name).filter((d) => d.code === code && d.help === help);
    expect(told.length).toBeGreaterThan(0);
    const text = textOf(name);
    expect(text).toContain(from);
    const left = diagnose(name, text.replace(from, to)).filter((d) => d.code === code && d.help === help);
    expect(left.length).toBeLessThan(told.length);
  });
});
