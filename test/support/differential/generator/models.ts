import { type Choice, Reader } from './choice.js';
import { norm } from './layers.js';
import { pooling, positions, reshaping } from './sequence.js';
import { literal, type Size, Spec } from './spec.js';
import type { Memory, Place, Stream, Written } from './stream.js';
import { copies, pipeline } from './structure.js';

/** The decisions behind a model. */
export interface Seeds {
  /** Sizes and the kind of the model. */
  readonly shape: Choice;
  /** The stages of its stream. */
  readonly body: readonly Choice[];
  /** Of another sequence, where there is one. */
  readonly memory: readonly Choice[];
  /** How it begins and ends. */
  readonly ends: Choice;
}

export interface MadeSpec {
  readonly text: string;
  readonly model: string;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly shortest: Readonly<Record<string, number>>;
}

interface Making {
  readonly spec: Spec;
  readonly shape: Reader;
  readonly ends: Reader;
  readonly body: readonly Reader[];
  readonly memory: readonly Reader[];
  readonly width: Size;
}

/** The model of these decisions, as text, with its configuration. */
export function writeSpec(seeds: Seeds): MadeSpec {
  const spec = new Spec();
  const shape = new Reader(seeds.shape);
  const family = shape.weighted<(making: Making) => void>([
    [8, decoder],
    [5, encoder],
    [5, translator],
    [3, vision],
    [4, features],
    [2, prefixed],
    [2, pair],
  ]);
  const size = shape.of(8, 4, 6, 12);
  const width = spec.size('width', size, shape.once(3) ? 2 * size : undefined);
  family({
    spec,
    shape,
    width,
    ends: new Reader(seeds.ends),
    body: seeds.body.map((each) => new Reader(each)),
    memory: seeds.memory.map((each) => new Reader(each)),
  });
  const presets = shape.once(6) ? [`preset Wide = Made(width: ${3 * size})`] : [];
  return { text: spec.print('Made', presets), model: 'Made', settings: spec.settings, shortest: spec.shortest };
}

/** A vocabulary, and a limit on lengths where there is one. */
function tokenInput(
  { spec, shape }: Making,
  name: string,
  dimension: string,
  options: string,
): { vocab: Size; stream: Omit<Stream, 'width'> } {
  const vocab = spec.size('vocab', shape.of(7, 5, 11), shape.once(3) ? 9 : undefined);
  const most = shape.once(3) ? undefined : spec.size('context', 12, shape.once(4) ? 10 : undefined);
  const bound = most === undefined ? '' : ` <= ${most.text}`;
  spec.statement(`input ${name}: token[B, ${dimension}${bound}] of ${vocab.text}${options}`);
  const presence = shape.once(2) ? { presence: name } : {};
  return {
    vocab,
    stream: { causal: false, length: { text: dimension, dimension, ...(most && { most }) }, ...presence },
  };
}

/** Every sequence begins like this: an embedding, positions. */
function embedded(making: Making, name: string, table: string, stream: Stream, place: Place): Written {
  const { ends } = making;
  const placed = positions(ends, stream, place);
  const dropped = ends.once(4) ? ' -> dropout(0.1)' : '';
  return { text: `${name} -> ${table}${placed.text}${dropped}`, stream: placed.stream };
}

function embeddingText({ ends, width }: Making, vocab: Size): string {
  const given = [vocab.text, width.text];
  if (ends.once(3)) given.push(`scale: ${ends.of(`sqrt(${width.text})`, '2')}`);
  if (ends.once(4)) given.push(`init: ${ends.of('normal(0.5)', 'truncated_normal(0.3)')}`);
  return `embedding(${given.join(', ')})`;
}

/** The stages of a model: as they are, or mostly copies. */
function stages(readers: readonly Reader[], stream: Stream, place: Place, ends: Reader): string {
  if (readers.length === 0) return copies(ends, stream, place);
  return pipeline(readers, stream, place);
}

/** Scores of the vocabulary, by the embedding or by a layer of their own. */
function scores(making: Making, vocab: Size, tied: string | undefined, stream: Stream, place: Place): string {
  const { ends, spec } = making;
  const last = ends.once(2) ? `${norm(ends, place)} -> ` : '';
  const own = `linear(${vocab.text}, bias: ${ends.of('true', 'false')}) as ${spec.name('head')}`;
  if (tied === undefined) return `${last}${own}`;
  return `${last}${ends.of<() => string>(
    () => `unembed(${tied})`,
    () => `unembed(${tied}) + weight(${vocab.text}, init: 0) as ${spec.name('logit_bias')}`,
    () => `identity * ${stream.width.text} ** -0.5 -> unembed(${tied})`,
    () => {
      const flag = spec.parameter('tied', 'true', ends.once(2));
      return `if ${flag} then unembed(${tied}) else ${own}`;
    },
  )()}`;
}

/** An embedding with a name, which several may use, or in place. */
function table(making: Making, vocab: Size): { readonly text: string; readonly tied?: string } {
  const { spec, ends } = making;
  const text = embeddingText(making, vocab);
  if (ends.once(3)) return { text: `${text} as ${spec.name('words')}` };
  const name = spec.name('embed');
  spec.statement(`let ${name} = ${text}`);
  return { text: name, tied: name };
}

/** GPT and its relatives: every row sees the rows before it. */
function decoder(making: Making): void {
  const { spec, shape, ends } = making;
  const generates = !shape.once(5);
  const options = shape.of('', ' start 1 stop 2', ' pad 0 start 1');
  const { vocab, stream: rows } = tokenInput(making, 'tokens', 'T', options);
  const { text, tied } = table(making, vocab);
  const place: Place = { spec, memories: [] };
  const begin = embedded(making, 'tokens', text, { ...rows, width: making.width, causal: true }, place);
  const body = stages(making.body, begin.stream, place, ends);
  const type = ends.once(2) ? `: float[B, T, ${vocab.text}]` : '';
  spec.statement(
    `output logits${type} =\n  ${begin.text}\n    -> ${body}\n    -> ${scores(making, vocab, tied, begin.stream, place)}`,
  );
  if (generates) spec.statement('generate tokens from logits');
  if (ends.once(4)) spec.statement('train logits with cross_entropy(label_smoothing: 0.1)');
}

/** BERT and its relatives: rows see one another; several outputs. */
function encoder(making: Making): void {
  const { spec, shape, ends } = making;
  const { vocab, stream: rows } = tokenInput(making, 'tokens', 'T', ' pad 0');
  const more = beside(making);
  const { text, tied } = table(making, vocab);
  const place: Place = { spec, memories: [] };
  const first = ends.once(3) && tied === undefined ? (`(tokens -> ${text})` as const) : `(tokens -> ${text})`;
  const types = shape.once(3) ? typesInput(making) : '';
  const begun = positions(ends, { ...rows, ...more, width: making.width }, place);
  const stream = begun.stream;
  const body = stages(making.body, stream, place, ends);
  spec.statement(
    `output state${ends.once(2) ? `: float[B, T, ${stream.width.text}]` : ''} =\n  ${first}${types}${begun.text}\n    -> ${body}`,
  );
  useBeside(making, more);
  if (ends.once(2)) spec.statement(`output token_logits = state -> ${scores(making, vocab, tied, stream, place)}`);
  if (ends.once(2))
    spec.statement(`output pooled = state -> ${pooling(ends, stream, place)} -> linear(3) as pooler -> tanh`);
  if (ends.once(4))
    spec.statement(
      `output longest = gather(state, state -> linear(1) as pick -> sum -> argmax) -> linear(2) as classifier`,
    );
  if (ends.once(4)) spec.statement(`output ended = gather(state, argmax(tokens == 1), axis: sequence) -> unit`);
  if (ends.once(6)) spec.statement('output real = tokens != 0 and present(tokens)');
  if (tied !== undefined && ends.once(8)) spec.statement(`output best = state -> unembed(${tied}) -> argmax`);
}

function typesInput({ spec, width }: Making): string {
  spec.statement('input types: token[B, T] of 2 default 0');
  return ` + (types -> embedding(2, ${width.text}) as type_words)`;
}

/** Flags, marks and pairs that come with a sequence. */
function beside({ spec, shape }: Making): Pick<Stream, 'flags' | 'marks' | 'pairs'> {
  const flags = shape.once(4) ? { flags: 'flags' } : {};
  const marks = shape.once(5) ? { marks: 'marks' } : {};
  const pairs = shape.once(4) ? { pairs: 'linked' } : {};
  if (flags.flags) spec.statement('input flags: bool[B, T]');
  if (marks.marks) spec.statement('input marks: int[B, T]');
  if (pairs.pairs) spec.statement('input linked: bool[B, T, T]');
  return { ...flags, ...marks, ...pairs };
}

/** An input must reach an output; whether a mask asked for these is not known. */
function useBeside({ spec }: Making, { flags, marks, pairs }: Pick<Stream, 'flags' | 'marks' | 'pairs'>): void {
  if (flags) spec.statement(`output flagged = state -> zero(where: ${flags})`);
  if (marks) spec.statement(`output marked = where(${marks} > 0, state -> sum, 0)`);
  if (pairs) spec.statement(`output unlinked = not ${pairs}`);
}

/** Encoder and decoder: the second reads what the first made. */
function translator(making: Making): void {
  const { spec, shape, ends } = making;
  const generates = !shape.once(5);
  const source = tokenInput(making, 'source', 'S', ' pad 0');
  const one = shape.once(2);
  const bound = shape.once(3) ? undefined : spec.size('limit', 12);
  const vocab = one ? source.vocab : spec.size('target_vocab', 6);
  spec.statement(`input target: token[B, T${bound ? ` <= ${bound.text}` : ''}] of ${vocab.text} start 1`);
  const { text, tied } = table(making, source.vocab);
  const place: Place = { spec, memories: [] };
  const begun = embedded(making, 'source', text, { ...source.stream, width: making.width }, place);
  const stacked = shape.once(2);
  const memory = stacked
    ? copiesWithLabel(making, begun.stream, place)
    : { text: stages(making.memory, begun.stream, place, ends) };
  const statement = `memory =\n  ${begun.text}\n    -> ${memory.text}`;
  spec.statement(`${ends.once(2) ? 'output' : 'let'} ${statement}`);
  const presence = source.stream.presence === undefined ? {} : { presence: source.stream.presence };
  const own =
    one && tied !== undefined ? tied : `embedding(${vocab.text}, ${making.width.text}) as ${spec.name('target_words')}`;
  const memories: Memory[] = [{ text: 'memory', width: making.width, ...presence }];
  const target: Stream = {
    width: making.width,
    causal: true,
    length: { text: 'T', dimension: 'T', ...(bound && { most: bound }) },
    ...(shape.once(2) ? { presence: 'target' } : {}),
  };
  const start = embedded(making, 'target', own, target, place);
  const layers = decoderStages(making, start.stream, { spec, memories }, 'name' in memory ? memory.name : undefined);
  const head = scores(making, vocab, one ? tied : undefined, start.stream, place);
  spec.statement(`output logits =\n  ${start.text}\n    -> ${layers}\n    -> ${head}`);
  if (generates) spec.statement('generate target from logits');
}

/** Copies whose outputs a decoder may read one by one. */
function copiesWithLabel(
  { spec, memory }: Making,
  stream: Stream,
  place: Place,
): { readonly text: string; readonly name: string } {
  const name = spec.name('encoder');
  const body =
    memory.length > 0
      ? pipeline(memory.slice(0, 2), stream, place)
      : 'residual { layer_norm -> linear(' + stream.width.text + ') -> gelu }';
  return { text: `repeat(2) as ${name} { ${body} }`, name };
}

/** The decoder reads the memory in every case: a memory that nobody reads is a mistake. */
function decoderStages(
  { spec, body, width, ends }: Making,
  stream: Stream,
  place: Place,
  encoder: string | undefined,
): string {
  const [memory] = place.memories;
  const mask = memory?.presence !== undefined ? `, mask: present(${memory.presence})` : '';
  const cross = (over: string): string =>
    `residual { attention(${width.value % 2 === 0 ? 2 : 1}, over: ${over}${mask}) as ${spec.name('cross')} }`;
  const rest = body.length > 0 ? pipeline(body, stream, place) : `residual { attention(1, mask: causal) }`;
  if (encoder !== undefined) {
    const index = spec.name('layer');
    const last = ends.once(2) ? `${encoder}[${index}]` : `${encoder}[1 - ${index}]`;
    return `${cross('memory')} -> repeat(2, ${index}) as ${spec.name('decoder')} { residual { attention(1, mask: causal) as ${spec.name('own')} } -> ${cross(last)} } -> ${rest}`;
  }
  return `${rest} -> ${cross('memory')}`;
}

/** Pictures: patches of them, with or without a class token, perhaps merged on the way. */
function vision(making: Making): void {
  const { spec, shape, ends, width } = making;
  const [side, patch, channels] = [literal(shape.of(4, 6)), literal(2), literal(shape.of(1, 3))];
  const across = side.value / patch.value;
  const place: Place = { spec, memories: [] };
  spec.statement(`input image: float[B, ${side.text}, ${side.text}, ${channels.text}]`);
  const grid = { rows: literal(across), columns: literal(across) };
  const count = literal(across * across);
  let stream: Stream = { width, causal: false, length: { text: count.text, most: count, fixed: true }, grid };
  let text = `image -> patches(${patch.text}) -> linear(${width.text}) as ${spec.name('patch')}`;
  if (shape.once(2)) {
    text += ` -> prepend(weight(1, ${width.text}) as ${spec.name('class_token')})`;
    const rows = literal(count.value + 1);
    stream = { width, causal: false, length: { text: rows.text, most: rows, fixed: true } };
  }
  const placed = positions(ends, stream, place);
  stream = { ...placed.stream, ...(stream.grid && { grid: stream.grid }) };
  text += `${placed.text}\n    -> ${stages(making.body, stream, place, ends)}`;
  if (across % 2 === 0 && stream.grid === grid && placed.stream.grid === grid && ends.once(2)) {
    text += `\n    -> patches(2) -> layer_norm -> linear(${width.text}, bias: false) as ${spec.name('merge')}`;
    stream = { width, causal: false, length: { text: '1', fixed: true } };
  } else if (ends.once(3)) {
    const changed = reshaping(ends, { ...stream, length: { text: stream.length.text, fixed: true } }, place);
    text += ` -> ${changed.text}`;
    stream = changed.stream;
  }
  spec.statement(
    `output logits = ${text}\n    -> ${pooling(ends, { ...stream, length: { text: stream.length.text } }, place)} -> linear(4) as head`,
  );
}

/** Sequences of numbers, with flags and pairs, whose length changes on the way; perhaps two that are joined. */
function features(making: Making): void {
  const { spec, shape, ends, width } = making;
  const place: Place = { spec, memories: [] };
  const channels = literal(shape.of(3, 5, 1));
  spec.statement(`input series: float[B, T, ${channels.text}]`);
  const more = beside(making);
  const presence = shape.once(3) ? { presence: 'series' } : {};
  let stream: Stream = { width, causal: false, length: { text: 'T', dimension: 'T' }, ...presence, ...more };
  spec.statement(
    `let state = series -> linear(${width.text}) as ${spec.name('project')} -> ${pipeline(making.memory, stream, place)}`,
  );
  useBeside(making, more);
  let text = 'state';
  if (shape.once(3)) {
    spec.statement(`input other: float[B, S, ${channels.text}]`);
    text = `concat(series -> linear(${width.text}) as ${spec.name('left')}, other -> linear(${width.text}) as ${spec.name('right')}, axis: sequence)`;
    spec.statement('output total = state -> sum');
    stream = { width, causal: false, length: { text: 'T + S' }, segments: ['series', 'other'] };
  }
  text += ` -> ${stages(making.body, stream, place, ends)}`;
  for (let changes = ends.below(3); changes > 0; changes--) {
    const changed = reshaping(ends, stream, place);
    text += ` -> ${changed.text}`;
    stream = changed.stream;
  }
  spec.statement(`output y = ${text}`);
  if (ends.once(2)) spec.statement(`output z = y -> ${pooling(ends, { ...stream, length: { text: '' } }, place)}`);
  if (ends.once(3)) spec.statement('output flat = y -> transpose -> mean');
}

/** A constant text, then a picture token by token on its grid (Ramesh et al., 2021). */
function prefixed(making: Making): void {
  const { spec, shape, ends, width } = making;
  const [words, colours] = [spec.size('words', 7), spec.size('colours', 6, 8)];
  const length = spec.size('length', shape.of(3, 1, 2));
  const grid = spec.size('grid', shape.of(3, 2));
  spec.statement(`input text: token[B, ${length.text}] of ${words.text}`);
  spec.statement(`input image: token[B, N <= ${grid.text} * ${grid.text}] of ${colours.text}`);
  const place: Place = { spec, memories: [] };
  const placed = ends.of(` -> learned_positions(${length.text}) as text_positions`, '', ' -> sinusoidal_positions');
  const onGrid = ends.of(
    ` -> axial_positions(${grid.text}, ${grid.text})`,
    ` -> learned_positions(${grid.text} * ${grid.text})`,
  );
  const stream: Stream = {
    width,
    causal: true,
    length: { text: `${length.text} + N` },
    segments: ['text', 'image'],
    ...(onGrid.includes('axial') && { grid: { rows: grid, columns: grid } }),
  };
  const joined = `concat(\n    text -> embedding(${words.text}, ${width.text}) as text_words${placed},\n    image -> embedding(${colours.text}, ${width.text}) as image_words${onGrid},\n    axis: sequence\n  )`;
  const body = stages(making.body, stream, place, ends);
  spec.statement(
    `output logits: float[B, N + 1, ${colours.text}] =\n  ${joined}\n    -> ${body}\n    -> layer_norm as last -> predict(image) -> linear(${colours.text}) as head`,
  );
  if (!shape.once(4)) spec.statement('generate image from logits');
}

/** Two towers, and how near their results are (Radford et al., 2021). */
function pair(making: Making): void {
  const { spec, shape, ends, width } = making;
  const place: Place = { spec, memories: [] };
  const vocab = spec.size('vocab', 7);
  spec.statement(`input text: token[N, T] of ${vocab.text}`);
  spec.statement(`input sound: float[M, S, ${shape.of(4, 3)}]`);
  const left: Stream = { width, causal: false, length: { text: 'T', dimension: 'T' } };
  const right: Stream = { width, causal: false, length: { text: 'S', dimension: 'S' } };
  spec.statement(
    `output a = text -> embedding(${vocab.text}, ${width.text}) -> ${stages(making.body, left, place, ends)} -> ${pooling(ends, left, place)} -> linear(5, bias: false) as a_head -> unit`,
  );
  spec.statement(
    `output b = sound -> linear(${width.text}) -> ${stages(making.memory, right, place, ends)} -> ${pooling(ends, right, place)} -> linear(5) as b_head -> unit`,
  );
  spec.statement(
    'output closeness: float[N, M] = exp(weight(init: log(3)) as temperature) * matmul(a, b -> transpose)',
  );
  if (ends.once(2)) spec.statement('output closeness_of_b = closeness -> transpose');
}
