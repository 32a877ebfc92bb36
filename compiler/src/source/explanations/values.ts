import { type Explanation, lines } from './explanation.js';

/** Kinds of values, indices, inputs and parameters. */
export const valueExplanations: Readonly<Record<string, Explanation>> = {
  TFM2211: {
    meaning: 'The operator has no meaning for these two things: for example a sum of a mask and a number.',
    bad: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = x -> attention(2, mask: causal + 1)
      }
    `,
    good: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = x -> attention(2, mask: causal)
      }
    `,
  },
  TFM2212: {
    meaning: lines`
      There are several kinds of things in a spec: numbers that are known when the model is configured, values that it computes,
      stages, masks, scores, initialisers, words and texts. One kind is needed here, another is given.
    `,
    bad: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = x -> linear(causal)
      }
    `,
    good: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = x -> linear(width)
      }
    `,
  },
  TFM2213: {
    meaning:
      'Several values in parentheses, `(a, b)`, stand only where several are taken: in `return` of a `scan`, and on the left of `let`.',
    bad: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = (x, x)
      }
    `,
    good: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = concat(x, x)
      }
    `,
  },
  TFM2214: {
    meaning:
      '`let (a, b) = …` gives a name to each part of a value with several parts, and there are more or fewer of them.',
    bad: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        let (a, b, c) = x -> split(width / 2, width / 2)
        output y = a + b + c
      }
    `,
    good: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        let (a, b) = x -> split(width / 2, width / 2)
        output y = a + b
      }
    `,
  },
  TFM2215: {
    meaning: lines`
      \`[i]\` chooses an element of a list, the output of one copy of a labelled \`repeat\`, or (in masks and scores) an element of a
      table or of another value. Rows and features of a value are taken with \`at\`, \`head\`, \`tail\`, \`split\`.
    `,
    bad: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = x[0]
      }
    `,
    good: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = x -> at(0)
      }
    `,
  },
  TFM2216: {
    meaning: 'An index must be known when the model is configured: a number, a parameter, or the index of a `repeat`.',
    bad: lines`
      model Tiny(width = 8, heads = [2, 4]) {
        input x: float[B, T, width]
        output y = x -> attention(heads[x])
      }
    `,
    good: lines`
      model Tiny(width = 8, heads = [2, 4]) {
        input x: float[B, T, width]
        output y = x -> attention(heads[0])
      }
    `,
  },
  TFM2217: {
    meaning: 'A list has no element with this index. The first one has index 0.',
    bad: lines`
      model Tiny(width = 8, heads = [2, 4]) {
        input x: float[B, T, width]
        output y = x -> attention(heads[2])
      }
    `,
    good: lines`
      model Tiny(width = 8, heads = [2, 4]) {
        input x: float[B, T, width]
        output y = x -> attention(heads[1])
      }
    `,
  },
  TFM2218: {
    meaning: lines`
      In a mask or score a value is indexed with one index for each of its axes (the batch is not written), or one fewer, which
      chooses a vector.
    `,
    bad: lines`
      model Tiny(width = 8, heads = 2) {
        input x: float[B, T, width]
        let table = weight(32, heads)
        score bias(t) = (s, head, q, k) => s + t[k, head, q]
        output y = x -> attention(heads, score: bias(table))
      }
    `,
    good: lines`
      model Tiny(width = 8, heads = 2) {
        input x: float[B, T, width]
        let table = weight(32, heads)
        score bias(t) = (s, head, q, k) => s + t[min(abs(q - k), 31), head]
        output y = x -> attention(heads, score: bias(table))
      }
    `,
  },
  TFM2227: {
    meaning: 'A pipeline consists of a value and stages, or of stages alone. What stands at this arrow is neither.',
    bad: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = x -> width
      }
    `,
    good: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = x -> linear(width)
      }
    `,
  },
  TFM2228: {
    meaning: 'A stage is a recipe: it becomes a value when something flows into it.',
    bad: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = relu
        output z = x
      }
    `,
    good: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = x -> relu
        output z = x
      }
    `,
  },
  TFM2234: {
    meaning: 'Some stages give several values (`split`, `lstm_cell`). One arrow carries one value.',
    bad: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = x -> split(width / 2, width / 2) -> relu
      }
    `,
    good: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        let (a, b) = x -> split(width / 2, width / 2)
        output y = a * (b -> relu)
      }
    `,
  },
  TFM2235: {
    meaning: 'A function of several values lacks one. Where it stands in a pipeline, the stream is its first operand.',
    bad: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = max(x)
      }
    `,
    good: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = max(x, 0)
      }
    `,
  },
  TFM2238: {
    meaning:
      'A block maps a value to a value. What its body ends with is something else: a number, a mask, or several values.',
    bad: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = x -> Layer
        block Layer from a: float[.., width] {
          return width
        }
      }
    `,
    good: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = x -> Layer
        block Layer from a: float[.., width] {
          return a * width
        }
      }
    `,
  },
  TFM2229: {
    meaning: 'A `require` of the spec does not hold for the default configuration or for a preset.',
    bad: lines`
      model Tiny(width = 8, heads = 3) {
        require width % heads == 0 : "heads must divide width; {width} % {heads} is {width % heads}"
        input x: float[B, T, width]
        output y = x -> linear(heads)
      }
    `,
    good: lines`
      model Tiny(width = 8, heads = 4) {
        require width % heads == 0 : "heads must divide width; {width} % {heads} is {width % heads}"
        input x: float[B, T, width]
        output y = x -> linear(heads)
      }
    `,
  },
  TFM2230: {
    meaning:
      'A parameter is set to a value of another type than its default has, or to a fraction where a whole number is needed.',
    fix: 'Give a value of the type that the message names. `tfm explain SPEC` prints the parameters with their defaults.',
  },
  TFM2252: {
    meaning: lines`
      \`present(x)\` tells which rows of an input are real and which are padding. It comes with the input (lengths, or an attention
      mask); a value that the model computes has no such thing of its own.
    `,
    bad: lines`
      model Tiny(vocab = 10, width = 8) {
        input x: token[B, T] of vocab
        let words = x -> embedding(vocab, width)
        output y = words -> attention(2, mask: present(words))
      }
    `,
    good: lines`
      model Tiny(vocab = 10, width = 8) {
        input x: token[B, T] of vocab
        let words = x -> embedding(vocab, width)
        output y = words -> attention(2, mask: present(x))
      }
    `,
  },
  TFM2253: {
    meaning: lines`
      \`predict(part)\` takes from a sequence that was joined with \`concat(…, axis: sequence)\` the rows that score an input: from the
      row before its first. The input must be one of the joined parts, and not the first, which nothing scores.
    `,
    bad: lines`
      model Tiny(vocab = 10, width = 8) {
        input x: token[B, T] of vocab
        output y = x -> embedding(vocab, width) -> predict(x)
      }
    `,
    good: lines`
      model Tiny(vocab = 10, width = 8) {
        input prefix: token[B, 4] of vocab
        input x: token[B, T] of vocab
        let embed = embedding(vocab, width)
        output y = concat(prefix -> embed, x -> embed, axis: sequence) -> predict(x)
      }
    `,
  },
  TFM2254: {
    meaning: 'A token input says how many ids there are: the runtime checks every id against it.',
    bad: lines`
      model Tiny(vocab = 10, width = 8) {
        input x: token[B, T]
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
  TFM2255: {
    meaning:
      'Elements are `float`, `token` (ids of a vocabulary), `int` or `bool`. How many bits a float has is for the runtime to choose.',
    bad: lines`
      model Tiny(width = 8) {
        input x: float32[B, T, width]
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
  TFM2258: {
    meaning: 'In the message of a `require`, braces hold expressions of the parameters, and this one cannot be read.',
    bad: lines`
      model Tiny(width = 8) {
        require width > 4 : "width is {width +}"
        input x: float[B, T, width]
        output y = x -> linear(width)
      }
    `,
    good: lines`
      model Tiny(width = 8) {
        require width > 4 : "width is {width}"
        input x: float[B, T, width]
        output y = x -> linear(width)
      }
    `,
  },
  TFM2290: {
    meaning: lines`
      The grammar knows the construct, and no target generates it yet. The language reference lists what is not yet supported.
    `,
    bad: lines`
      model Tiny(size = 8, width = 16) {
        input image: float[B, size, size, 3]
        output y = image -> conv2d(width, 3)
      }
    `,
    fix: 'Write it with other primitives where that is possible: a convolution whose stride is its size is `patches` and `linear`.',
  },
};
