import { type Explanation, lines } from './explanation.js';

/** Shapes and sizes. */
export const sizeExplanations: Readonly<Record<string, Explanation>> = {
  TFM2004: {
    meaning: lines`
      Two values are combined element by element, or put side by side, and their shapes do not allow it. Axes are compared from
      the last one backwards; an axis of size 1 is stretched. Both places are marked with their shapes.

      The most frequent case is a \`residual\` whose branch does not end as wide as it began.
    `,
    bad: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = x -> residual { layer_norm -> linear(4 * width) }
      }
    `,
    good: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = x -> residual { layer_norm -> linear(4 * width) as up -> relu -> linear(width) as down }
      }
    `,
  },
  TFM2201: {
    meaning:
      'A size is fixed in one place and another one is given in the other. The message calls both by the names of the spec.',
    bad: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        let (a, b) = x -> split(width, width)
        output y = a * b
      }
    `,
    good: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        let (a, b) = x -> linear(2 * width) -> split(width, width)
        output y = a * b
      }
    `,
  },
  TFM2202: {
    meaning: lines`
      Division in sizes is exact: \`width / heads\` is the width of one head, and there is no such width where \`heads\` does not
      divide \`width\`. The checker finds it for the defaults and for every preset; for other configurations the generated code
      checks it when a model is configured.
    `,
    bad: lines`
      model Tiny(width = 10, heads = 4) {
        input x: float[B, T, width]
        output y = x -> attention(heads)
      }
    `,
    good: lines`
      model Tiny(width = 12, heads = 4) {
        require width % heads == 0 : "heads must divide width; {width} % {heads} is {width % heads}"
        input x: float[B, T, width]
        output y = x -> attention(heads)
      }
    `,
    fix: 'Choose sizes that divide, and say it with `require`: the user of the model then reads your own words.',
  },
  TFM2203: {
    meaning: 'A size comes out below zero, for the defaults or for a preset.',
    bad: lines`
      model Tiny(width = 8, cut = 16) {
        input x: float[B, T, width]
        output y = x -> linear(width - cut)
      }
    `,
    good: lines`
      model Tiny(width = 8, cut = 4) {
        input x: float[B, T, width]
        output y = x -> linear(width - cut)
      }
    `,
  },
  TFM2204: {
    meaning: 'A size comes out infinite or as no number at all: most often a division by zero.',
    bad: lines`
      model Tiny(width = 8, heads = 0) {
        input x: float[B, T, width]
        output y = x -> linear(width / heads)
      }
    `,
    good: lines`
      model Tiny(width = 8, heads = 2) {
        input x: float[B, T, width]
        output y = x -> linear(width / heads)
      }
    `,
  },
  TFM2205: {
    meaning: lines`
      Names of dimensions are bound where an input (or the stream of a block) has them as a whole axis: \`float[B, T, width]\`
      binds \`B\` and \`T\`. A name that occurs only inside an expression, or only in an output, is bound by nothing.
    `,
    bad: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y: float[B, N, width] = x -> linear(width)
      }
    `,
    good: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y: float[B, T, width] = x -> linear(width)
      }
    `,
  },
  TFM2206: {
    meaning: 'One name stands for one size. Two axes that may differ need two names.',
    bad: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = x -> linear(16) -> Square
        block Square from a: float[B, n, n] {
          return a -> relu
        }
      }
    `,
    good: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = x -> linear(16) -> Any
        block Any from a: float[B, m, n] {
          return a -> relu
        }
      }
    `,
  },
  TFM2207: {
    meaning: lines`
      Two sizes are equal for the default values of the parameters, and nothing in the spec makes them equal for others. It
      compiles, and the generated code refuses configurations in which they differ; but the reader of the spec cannot see that
      they belong together.
    `,
    bad: lines`
      model Tiny(width = 8, hidden = 8) {
        input x: float[B, T, width]
        output y = x -> residual { linear(hidden) }
      }
    `,
    good: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = x -> residual { linear(width) }
      }
    `,
  },
  TFM2208: {
    meaning: 'A primitive needs a value with certain axes (a sequence, heads, an image) and gets one with fewer.',
    bad: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = x -> patches(2)
      }
    `,
    good: lines`
      model Tiny(size = 8) {
        input x: float[B, size, size, 3]
        output y = x -> patches(2)
      }
    `,
  },
  TFM2209: {
    meaning: 'A primitive works on token ids, on numbers or on truth values, and its input is something else.',
    bad: lines`
      model Tiny(vocab = 10, width = 8) {
        input x: float[B, T]
        output y = x -> embedding(vocab, width)
      }
    `,
    good: lines`
      model Tiny(vocab = 10, width = 8) {
        input x: token[B, T] of vocab
        output y = x -> embedding(vocab, width)
      }
    `,
  },
  TFM2210: {
    meaning: 'The declared type of an output is checked against its value: axes, sizes and type of elements.',
    bad: lines`
      model Tiny(width = 8, classes = 3) {
        input x: float[B, T, width]
        output y: float[B, classes] = x -> linear(classes)
      }
    `,
    good: lines`
      model Tiny(width = 8, classes = 3) {
        input x: float[B, T, width]
        output y: float[B, classes] = x -> first -> linear(classes)
      }
    `,
  },
  TFM2236: {
    meaning: lines`
      The block declares the axes of its stream with \`from\`, and the value that flows in has another number of them. \`..\` stands
      for any number of leading axes.
    `,
    bad: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = x -> first -> Rows
        block Rows from a: float[B, T, width] {
          return a -> relu
        }
      }
    `,
    good: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = x -> first -> Rows
        block Rows from a: float[.., width] {
          return a -> relu
        }
      }
    `,
  },
  TFM2237: {
    meaning:
      'The block declares a size of its stream that is already known, and the value that flows in has another one.',
    bad: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = x -> linear(16) -> Rows
        block Rows from a: float[.., width] {
          return a -> relu
        }
      }
    `,
    good: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = x -> linear(16) -> Rows
        block Rows from a: float[.., features] {
          return a -> relu
        }
      }
    `,
  },
  TFM2239: {
    meaning: lines`
      The table of an embedding has one row for each token id. An input of \`token[…] of vocab\` has the ids 0 to vocab − 1, so its
      table needs \`vocab\` rows.
    `,
    bad: lines`
      model Tiny(vocab = 10, width = 8) {
        input x: token[B, T] of vocab
        output y = x -> embedding(width, width)
      }
    `,
    good: lines`
      model Tiny(vocab = 10, width = 8) {
        input x: token[B, T] of vocab
        output y = x -> embedding(vocab, width)
      }
    `,
  },
  TFM2240: {
    meaning: lines`
      \`attend\` takes query [B, Tq, H, d_k], key [B, Tk, G, d_k] and value [B, Tk, G, d_v], where G divides H; or the same without
      the axis of heads; or, inside a \`scan\`, a query of one row [B, d_k]. The message says what does not fit.
    `,
    bad: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        let q = x -> linear(4) as q
        let k = x -> linear(6) as k
        output y = attend(q, k, x)
      }
    `,
    good: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        let q = x -> linear(6) as q
        let k = x -> linear(6) as k
        output y = attend(q, k, x)
      }
    `,
  },
  TFM2250: {
    meaning:
      'Sinusoidal and rotary positions work on pairs of features (a sine and a cosine each), so the number of features is even.',
    bad: lines`
      model Tiny(width = 9) {
        input x: float[B, T, width]
        output y = x -> sinusoidal_positions
      }
    `,
    good: lines`
      model Tiny(width = 10) {
        input x: float[B, T, width]
        output y = x -> sinusoidal_positions
      }
    `,
  },
  TFM2251: {
    meaning: lines`
      A table of learned positions has a row for each position, and the longest sequence that the input allows has more. Without
      a bound the input allows any length; the runtime then reports sequences that are too long (TFM5403).
    `,
    bad: lines`
      model Tiny(vocab = 10, width = 8, context = 16) {
        input x: token[B, T <= 2 * context] of vocab
        output y = x -> embedding(vocab, width) -> learned_positions(context)
      }
    `,
    good: lines`
      model Tiny(vocab = 10, width = 8, context = 16) {
        input x: token[B, T <= context] of vocab
        output y = x -> embedding(vocab, width) -> learned_positions(context)
      }
    `,
  },
  TFM2256: {
    meaning: lines`
      \`..\` lets a block work on values with any number of leading axes. Inputs and outputs of a model are concrete: whoever calls
      it must know how many axes to give.
    `,
    bad: lines`
      model Tiny(width = 8) {
        input x: float[.., width]
        output y = x -> linear(width)
      }
    `,
    good: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = x -> linear(width)
      }
    `,
  },
};
