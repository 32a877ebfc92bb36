import { type Explanation, lines } from './explanation.js';

/** Labels, instances, choices, copies and recurrences. */
export const structureExplanations: Readonly<Record<string, Explanation>> = {
  TFM2219: {
    meaning:
      'A label names a stage or a value: it becomes a part of the paths of weights, and a name that `explain` shows.',
    bad: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = x -> attention(2, mask: causal as past)
      }
    `,
    good: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = x -> attention(2, mask: causal) as past
      }
    `,
  },
  TFM2220: {
    meaning: lines`
      \`let f = linear(4)\` is one instance: its weights are made at its first use and shared by all others. A later use brings a
      stream of another width, for which the weights would have another shape.
    `,
    bad: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        let f = linear(16)
        output y = x -> f -> f
      }
    `,
    good: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = x -> F as first -> F as second
        block F = linear(16)
      }
    `,
  },
  TFM2221: {
    meaning: lines`
      \`if\` and \`match\` are decided when the model is configured: each configuration is one graph. A choice that depends on data is
      made element by element with \`where\`.
    `,
    bad: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = if x > 0 then x else x * 0.1
      }
    `,
    good: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = where(x > 0, x, x * 0.1)
      }
    `,
  },
  TFM2222: {
    meaning:
      'Both arms of an `if` stand in the same place, so what follows must be able to take either: they give the same shape.',
    bad: lines`
      model Tiny(width = 8, wide = true) {
        input x: float[B, T, width]
        output y = x -> if wide then linear(2 * width) else linear(width)
      }
    `,
    good: lines`
      model Tiny(width = 8, wide = true) {
        input x: float[B, T, width]
        output y = x -> linear(if wide then 2 * width else width)
      }
    `,
  },
  TFM2223: {
    meaning: 'A `match` must say what happens in every case. `_` stands for all cases that no arm before it names.',
    bad: lines`
      model Tiny(width = 8, activation = "relu") {
        input x: float[B, T, width]
        output y = x -> match activation { "relu" => relu, "gelu" => gelu }
      }
    `,
    good: lines`
      model Tiny(width = 8, activation = "relu") {
        input x: float[B, T, width]
        output y = x -> match activation { "relu" => relu, _ => gelu }
      }
    `,
  },
  TFM2224: {
    meaning: 'The arms of a `match` are tried from the top; one before this arm already takes its case.',
    bad: lines`
      model Tiny(width = 8, activation = "relu") {
        input x: float[B, T, width]
        output y = x -> match activation { _ => gelu, "relu" => relu }
      }
    `,
    good: lines`
      model Tiny(width = 8, activation = "relu") {
        input x: float[B, T, width]
        output y = x -> match activation { "relu" => relu, _ => gelu }
      }
    `,
  },
  TFM2226: {
    meaning: lines`
      The output of one copy flows into the next, so a copy gives the shape that it takes. Where the number of copies is written
      as a number, the shape may change from copy to copy.
    `,
    bad: lines`
      model Tiny(width = 8, depth = 2) {
        input x: float[B, T, width]
        output y = x -> repeat(depth) as layers { linear(2 * width) }
      }
    `,
    good: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = x -> repeat(2, i) as layers { linear(width * 2 ** (i + 1)) }
      }
    `,
  },
  TFM2231: {
    meaning: lines`
      The first bindings of a \`scan\` are its states, as many as \`return\` gives; the others are sequences, of which each step sees
      one row. There must be at least one sequence.
    `,
    bad: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = scan(s = x -> first) {
          emit s
          return s
        }
      }
    `,
    good: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = scan(s = x -> first, row = x) {
          let next = 0.9 * s + 0.1 * row
          emit next
          return next
        }
      }
    `,
  },
  TFM2232: {
    meaning:
      'What each step of a `scan` emits is stacked along the sequence: that is the value of the `scan`. There is exactly one `emit`.',
    bad: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = scan(s = x -> first, row = x) {
          return s + row
        }
      }
    `,
    good: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = scan(s = x -> first, row = x) {
          emit s
          return s + row
        }
      }
    `,
  },
  TFM2257: {
    meaning: 'The next state of a `scan` takes the place of the state, so it has the same shape.',
    bad: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = scan(s = x -> first, row = x) {
          emit s
          return s -> linear(4)
        }
      }
    `,
    good: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = scan(s = x -> first, row = x) {
          emit s
          return (s -> linear(width)) + row
        }
      }
    `,
  },
  TFM2259: {
    meaning:
      'Each row of an `experts` goes through a few of the experts, so an expert sees some of the rows, in no place of a sequence. It holds layers that treat each row for itself, and reads no value that was made outside of it.',
    bad: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = x -> experts(4, top: 2, weigh: x -> linear(4) -> softmax) { attention(2) }
      }
    `,
    good: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = x -> attention(2) -> experts(4, top: 2, weigh: x -> linear(4) -> softmax) { linear(width) }
      }
    `,
  },
  TFM2233: {
    meaning: 'The arms of an `if` are of one kind: two values, two stages, two numbers, two masks.',
    bad: lines`
      model Tiny(width = 8, past = true) {
        input x: float[B, T, width]
        output y = x -> attention(2, mask: if past then causal else relu)
      }
    `,
    good: lines`
      model Tiny(width = 8, past = true) {
        input x: float[B, T, width]
        output y = x -> attention(2, mask: if past then causal else all)
      }
    `,
  },
};
