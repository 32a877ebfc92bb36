import { expect, test } from 'vitest';
import { compile } from '../../../compiler/src/compile.js';
import { selectOutputs } from '../../../compiler/src/lower/select-outputs.js';

const text = `model M(width = 4) {
  input x: float[B, T, width]
  let head = Head
  output rows = x -> head
  output pooled = x -> mean(axis: sequence) -> head
  block Head = linear(3) as inner -> relu
}
`;

test('a block that two outputs share, for streams of different ranks, keeps its weights for either', () => {
  const { graph } = compile({ read: (path) => (path === 'm.tfm' ? text : undefined) }, 'm.tfm');
  const model = graph!.models[0]!;
  for (const output of ['rows', 'pooled']) {
    const { main, functions } = selectOutputs(model, [output]);
    expect(main.scopes).toHaveLength(1);
    expect(functions.map(({ name }) => name)).toEqual([main.scopes[0]!.function]);
  }
});
