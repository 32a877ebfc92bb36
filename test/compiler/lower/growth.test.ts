import { describe, expect, it } from 'vitest';
import { modelOf, nodesOf, operatorsOf, told } from '../check/kit.js';

const decoder = (body: string): string => `
model M(vocab = 100, context = 32, width = 64, heads = 4, depth = 2) {
  input source: token[B, S <= context] of vocab pad 0
  input target: token[B, T <= context] of vocab start 1
  let embed = embedding(vocab, width)
  output memory = source -> embed -> attention(heads, mask: present(source)) as look -> layer_norm as norm
${body}
  generate target from logits
}
`;

describe('growth along the generated sequence', () => {
  const model = modelOf(
    decoder(`  output logits: float[B, T, vocab] = target -> embed -> repeat(depth) as layers { Layer } -> unembed(embed)
  block Layer =
    residual { attention(heads, mask: causal) as own }
    -> residual { attention(heads, over: memory, mask: present(source)) as cross }
    -> layer_norm`),
  );

  it('is constant where only the source is read, pointwise and causal where the target is', () => {
    const growth = (operator: string) => operatorsOf(model, operator).map((node) => node.growth);
    expect(growth('embedding').sort()).toEqual(['constant', 'pointwise']);
    expect(growth('unembed')).toEqual(['causal']);
    expect(growth('present')).toEqual(['constant']);
    expect(growth('attend').sort()).toEqual(['causal', 'constant', 'pointwise']);
  });

  it('keeps keys and values of what grows, and what is constant but read by what grows', () => {
    const states = model.generate?.state ?? [];
    const shown = states.map(({ kind, path, loops }) => {
      const segments = path.segments.map((s) => (typeof s === 'string' ? s : `[${loops.map((l) => l.index).join()}]`));
      return `${kind} ${segments.join('.')}`;
    });
    expect(shown).toContain('keys_values layers.[i].own.attend');
    expect(shown.filter((s) => s.startsWith('keys_values'))).toHaveLength(1);
    expect(shown.filter((s) => s.startsWith('kept layers.[i].cross.')).length).toBe(2);
    const kept = nodesOf(model).filter((node) => node.keep !== undefined);
    expect(kept.every((node) => node.growth === 'constant')).toBe(true);
  });

  it('one function serves attention that grows and attention over the memory in a variant of its own', () => {
    expect(model.functions.filter((f) => f.name.startsWith('attention')).length).toBeGreaterThanOrEqual(2);
  });
});

const language = (body: string, head = ''): string => `${head}
model M(${['vocab = 100', 'context = 32', 'width = 64', ...optional(body)].join(', ')}) {
  input tokens: token[B, T <= context] of vocab
${body}
  generate tokens from logits
}
`;

function optional(body: string): string[] {
  return ['heads = 4', 'depth = 2'].filter((parameter) => body.includes(parameter.split(' ')[0] ?? ''));
}

describe('what a step needs of the past', () => {
  it.each([
    ['causal and window(8)', 8],
    ['window(8) and causal', 8],
    ['causal', undefined],
  ])('%s keeps a window of %s', (mask, window) => {
    const uses = mask.includes('window') ? 'import { window } from "std/layers"' : '';
    const model = modelOf(
      language(
        `  output logits = tokens -> embedding(vocab, width) as words -> attention(heads, mask: ${mask}) -> linear(vocab) as head`,
        uses,
      ),
    );
    expect(model.generate?.state.map((s) => s.window)).toEqual([window]);
    const [attend] = operatorsOf(model, 'attend');
    expect(attend?.attributes.window).toEqual(window);
    expect(attend?.attributes.grows).toBe(true);
  });

  it('a recurrent layer keeps one row', () => {
    const model = modelOf(
      language(
        '  output logits = tokens -> embedding(vocab, width) as words -> lstm(width) as memory -> linear(vocab) as head',
      ),
    );
    const [state] = model.generate?.state ?? [];
    expect(state?.kind).toBe('recurrent');
    expect(state?.types.map(({ shape }) => shape.length)).toEqual([2, 2]);
  });

  it('copies that share an instance have state of their own', () => {
    const model = modelOf(
      language(`  let layer = Layer
  block Layer = residual { attention(heads, mask: causal) }
  output logits = tokens -> embedding(vocab, width) as words -> layer -> repeat(depth) as layers { layer } -> linear(vocab) as head`),
    );
    const states = model.generate?.state ?? [];
    expect(states.map(({ path }) => path.segments[0])).toEqual(['layer', 'layers']);
    expect(states[1]?.loops).toEqual([{ index: 'i', count: { kind: 'parameter', name: 'depth' } }]);
  });

  it('an instance twice in a row would share its cache: not yet supported', () => {
    const lines = told(
      language(`  let layer = Layer
  block Layer = residual { attention(heads, mask: causal) }
  output logits = tokens -> embedding(vocab, width) as words -> layer -> layer -> linear(vocab) as head`),
    );
    expect(lines).toEqual(['TFM2290 generation through an instance that is used twice in a row is not yet supported']);
  });
});

describe('a prefix before the generated rows', () => {
  const model = modelOf(`
model M(vocab = 100, text = 8, grid = 4, width = 64, heads = 4) {
  input words: token[B, text] of vocab
  input image: token[B, N <= grid * grid] of vocab
  output logits: float[B, N + 1, vocab] =
    concat(
      words -> embedding(vocab, width) as word_table -> learned_positions(text) as word_positions,
      image -> embedding(vocab, width) as image_table -> axial_positions(grid, grid) as image_positions,
      axis: sequence)
      -> sinusoidal_positions -> attention(heads, mask: causal) -> predict(image) -> linear(vocab) as head
  generate image from logits
}
`);

  it('is as long as the constant parts', () => {
    expect(model.generate?.prefix).toEqual({ kind: 'parameter', name: 'text' });
    expect(model.generate?.scores).toBe('self');
  });

  it('positions of a part count without it, positions of the whole with it', () => {
    const attributes = (operator: string) => operatorsOf(model, operator).map((node) => node.attributes);
    expect(attributes('axial_positions')).toEqual([{ grows: true, behind: { kind: 'parameter', name: 'text' } }]);
    expect(attributes('learned_positions')).toEqual([{}]);
    expect(attributes('sinusoidal_positions')).toEqual([{ grows: true }]);
  });
});
