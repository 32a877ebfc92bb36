import { beside, useBeside } from './beside.js';
import { embedded, type Making, scores, stages, table, tokenInput } from './model-parts.js';
import { pooling, positions } from './sequence.js';
import type { Memory, Place, Stream } from './stream.js';
import { pipeline } from './structure.js';

/** GPT and its relatives: every row sees the rows before it. */
export function decoder(making: Making): void {
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
export function encoder(making: Making): void {
  const { spec, shape, ends } = making;
  const { vocab, stream: rows } = tokenInput(making, 'tokens', 'T', ' pad 0');
  const more = beside(making);
  const { text, tied } = table(making, vocab);
  const place: Place = { spec, memories: [] };
  const types = shape.once(3) ? typesInput(making) : '';
  const begun = positions(ends, { ...rows, ...more, width: making.width }, place);
  const stream = begun.stream;
  const body = stages(making.body, stream, place, ends);
  spec.statement(
    `output state${ends.once(2) ? `: float[B, T, ${stream.width.text}]` : ''} =\n  (tokens -> ${text})${types}${begun.text}\n    -> ${body}`,
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

/** Encoder and decoder: the second reads what the first made. */
export function translator(making: Making): void {
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
      : `residual { layer_norm -> linear(${stream.width.text}) -> gelu }`;
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
