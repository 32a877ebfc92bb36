import { compile, memoryHost } from '@tfm-lang/compiler';
import { expect, test } from 'vitest';

/** What the compiler says of a model with this body. */
function messages(body: string): string[] {
  const host = memoryHost({
    'a.tfm': `model M(width = 4, depth = 2) {\n  input x: float[B, T, width]\n  ${body}\n}\n`,
  });
  return compile(host, 'a.tfm').diagnostics.map(({ code, message }) => `${code} ${message}`);
}

test('numbers behind an arrow are the parameters, not the operand', () => {
  expect(messages('output y = x -> clamp(-1, 1) -> leaky_relu(0.2) -> elu(0.5) -> dropout(depth)')).toEqual([]);
});

test('the same function of a number takes the number first', () => {
  expect(messages('output y = x * clamp(width, 0, 3) * leaky_relu(1 - width, 0.2) * max(depth, 1)')).toEqual([]);
});

test('copies named by number are weights of their own in a checkpoint map', () => {
  const rules = 'layers[0].fc = "first"\n    layers[1].fc = "second"';
  const body = `output y = x -> repeat(depth) as layers { linear(width) as fc }\n  checkpoint other {\n    ${rules}\n  }`;
  expect(messages(body)).toEqual([]);
  expect(messages(body.replace('layers[1]', 'layers[0]'))).toEqual([
    'TFM4110 layers[i].fc.weight is already filled by another rule',
  ]);
});
