import type { Reader } from './choice.js';
import { literal } from './spec.js';
import { blockStage, type Memory, type Place, type Stream } from './stream.js';

/** `gru` and `lstm` over the sequence, from either end. */
export function recurrence(reader: Reader, { width, causal, presence }: Stream, place: Place): string {
  const cell = reader.of('gru', 'lstm');
  const given = [
    ...(!causal && reader.once(2) ? ['reverse: true'] : []),
    ...(presence !== undefined && reader.once(2) ? [`mask: present(${presence})`] : []),
  ];
  if (reader.once(3)) {
    const inner = literal(reader.of(3, 5));
    return `${cell}(${[inner.text, ...given].join(', ')}) -> linear(${width.text}) as ${place.spec.name('project')}`;
  }
  return `${cell}(${[width.text, ...given].join(', ')})`;
}

/** A recurrence in the open, which may read a memory at every step. */
export function scan(reader: Reader, stream: Stream, place: Place): string {
  const { memories } = place;
  const state = literal(reader.of(4, 3, 6));
  const memory = memories.length > 0 && reader.once(2) ? reader.of(...(memories as [Memory, ...Memory[]])) : undefined;
  const form = reader.below(4);
  return blockStage(place, 'Recur', (x) => {
    // A first state for each sequence: rows of the stream are not known yet, so it is made of the memory, or of a constant.
    const begin = (name: string): string =>
      memory
        ? `let ${name} = ${memory.text} -> ${reader.of('first', 'at(-1)', 'mean(axis: sequence)')} -> linear(${state.text}) as ${name} -> tanh`
        : stream.causal
          ? `let ${name} = ${x} -> gru(${state.text}) as ${name}`
          : `let ${name} = ${x} -> ${reader.of('first', 'at(-1)', 'mean(axis: sequence)')} -> linear(${state.text}) as ${name} -> tanh`;
    const out = `return states -> linear(${stream.width.text}) as out`;
    if (memory === undefined && stream.causal) return [`let states = ${x} -> gru(${state.text}) as cell`, out];
    const read = memory ? ['let seen = attend(h -> linear(5) as query, keys, values)'] : [];
    const keys = memory
      ? [`let keys = ${memory.text} -> linear(5) as keys`, `let values = ${memory.text} -> linear(3) as values`]
      : [];
    const row = memory ? 'concat(row, seen)' : 'row';
    switch (form) {
      case 0:
        return [
          begin('start'),
          ...keys,
          `let states = scan(h = start, row = ${x}) as cell {\n    ${[...read, `let next = gru_cell(${row}, h)`, 'emit next', 'return next'].join('\n    ')}\n  }`,
          out,
        ];
      case 1:
        return [
          begin('start'),
          begin('memory_start'),
          ...keys,
          `let states = scan(h = start, c = memory_start, row = ${x}) as cell {\n    ${[...read, `let (next, kept) = lstm_cell(${row}, h, c)`, 'emit concat(next, row)', 'return (next, kept)'].join('\n    ')}\n  }`,
          out,
        ];
      case 2:
        return [
          begin('start'),
          ...keys,
          `let gates = ${x} -> linear(${state.text}) as gates -> sigmoid`,
          `let states = scan(h = start, row = ${x}, gate = gates) as cell {\n    ${[...read, `let next = gate * h + (1 - gate) * (${row} -> linear(${state.text}) as new -> tanh)`, 'emit next', 'return next'].join('\n    ')}\n  }`,
          out,
        ];
      default:
        return [
          begin('start'),
          ...keys,
          `let states = scan(h = start, row = ${x}) as cell {\n    ${[...read, `let next = (concat(${row}, h) -> linear(${state.text}) as step -> tanh)`, 'emit concat(h, row)', 'return next'].join('\n    ')}\n  }`,
          out,
        ];
    }
  });
}
