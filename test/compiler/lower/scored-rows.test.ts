import { describe, expect, it } from 'vitest';
import { allNodes } from '../../../compiler/src/graph/uses.js';
import { modelOf } from '../check/kit.js';

/** What goes through `scored_rows`, and the operators behind it. */
function scoredIn(statements: string, more = ''): { entering: string[]; behind: string[] } {
  const used = (name: string) => (statements.includes(name) ? [`${name} = 4`] : []);
  const { main } = modelOf(`${more}
model M(${['vocab = 100', 'context = 32', 'width = 64', ...used('heads')].join(', ')}) {
  input tokens: token[B, T <= context] of vocab
${statements}
  generate tokens from logits
}
`);
  const entering: string[] = [];
  const behind: string[] = [];
  for (const node of allNodes(main.body)) {
    const operator = node.kind === 'operator' ? node.operator : node.kind;
    if (operator === 'scored_rows' && 'inputs' in node) entering.push(...node.inputs.map(String));
    else if (entering.length > 0 && operator !== 'weight' && operator !== 'scalar') behind.push(operator);
  }
  return { entering, behind };
}

const words = 'tokens -> embedding(vocab, width) -> attention(heads, mask: causal) as read';

describe('what is computed of scored rows alone', () => {
  it('is all behind the last mixing of rows', () => {
    const head = `layer_norm as norm -> linear(vocab) as head`;
    expect(scoredIn(`  output logits = ${words} -> ${head} -> tanh * 30`)).toEqual({
      entering: ['read'],
      behind: ['layer_norm', 'linear', 'tanh', 'multiply'],
    });
  });

  it('is not what another output reads', () => {
    const { entering, behind } = scoredIn(`  output state = ${words} -> layer_norm as norm
  output logits = state -> linear(vocab) as head`);
    expect({ entering, behind }).toEqual({ entering: ['norm'], behind: ['linear'] });
  });

  it('may be a block, a choice, and read several values', () => {
    const { entering, behind } = scoredIn(`  let here = tokens -> embedding(vocab, width) as here
  let other = here -> attention(heads, mask: causal) as other
  output logits = here * 2 + other -> residual { Mlp as mlp } -> if width > 8 then Mlp as last else identity -> linear(vocab) as head
  block Mlp = linear(width) as up -> relu`);
    expect(entering).toEqual(['here', 'other']);
    expect(behind).toContain('if');
    expect(behind).toContain('call');
  });

  it('does not look at positions, nor at presence', () => {
    const positions = scoredIn(
      `  output logits = ${words} -> learned_positions(context) as late -> linear(vocab) as head`,
    );
    expect(positions).toEqual({ entering: ['late'], behind: ['linear'] });
    const present = scoredIn(
      `  output logits = ${words} -> zero(where: not present(tokens)) as real -> linear(vocab) as head`,
    );
    expect(present).toEqual({ entering: ['real'], behind: ['linear'] });
  });
});
