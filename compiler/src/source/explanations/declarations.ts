import { type Explanation, lines } from './explanation.js';

const library = lines`
  block Double from float[.., width] = linear(2 * width)
`;

/** Imports, unused things, presets, and declarations as a whole. */
export const declarationExplanations: Readonly<Record<string, Explanation>> = {
  TFM2020: {
    meaning: lines`
      The file of an \`import\` does not exist. Relative paths start at the importing file; the ending \`.tfm\` may be left out.
      The standard library is \`std/layers\`; what \`std/prelude\` defines needs no import.
    `,
    bad: lines`
      import { FeedForward } from "std/layer"

      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = x -> FeedForward(16, relu)
      }
    `,
    good: lines`
      import { FeedForward } from "std/layers"

      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = x -> FeedForward(16, relu)
      }
    `,
  },
  TFM2021: {
    meaning: 'Two files import each other, directly or through others, so that neither can be read first.',
    bad: lines`
      import { Double } from "./parts.tfm"

      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = x -> Double
      }

      block Half from float[.., width] = linear(width / 2)
    `,
    files: {
      'parts.tfm':
        'import { Half } from "./example.tfm"\n\nblock Double from float[.., width] = Half -> linear(2 * width)\n',
    },
    fix: 'Move what both files need into a third one that imports neither.',
  },
  TFM2022: {
    meaning: 'The imported file exists, but defines nothing of this name at its top level.',
    bad: lines`
      import { Dubble } from "./parts.tfm"

      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = x -> Dubble
      }
    `,
    good: lines`
      import { Double } from "./parts.tfm"

      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = x -> Double
      }
    `,
    files: { 'parts.tfm': `${library}\n` },
  },
  TFM2023: {
    meaning:
      'Files are imported by a relative path, `"./parts.tfm"`, or from the library, `"std/…"` and `"models/…"`. There are no packages.',
    bad: lines`
      import { Double } from "parts"

      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = x -> Double
      }
    `,
    good: lines`
      import { Double } from "./parts.tfm"

      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = x -> Double
      }
    `,
    files: { 'parts.tfm': `${library}\n` },
  },
  TFM2030: {
    meaning: 'An imported name is never used: often it is the rest of an edit, sometimes the use was forgotten.',
    bad: lines`
      import { FeedForward } from "std/layers"

      model Tiny(width = 8) {
        input x: float[B, T, width]
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
  TFM2031: {
    meaning: 'A parameter of the model changes nothing: whoever sets it would expect that it does.',
    bad: lines`
      model Tiny(width = 8, drop = 0.1) {
        input x: float[B, T, width]
        output y = x -> linear(width)
      }
    `,
    good: lines`
      model Tiny(width = 8, drop = 0.1) {
        input x: float[B, T, width]
        output y = x -> linear(width) -> dropout(drop)
      }
    `,
  },
  TFM2032: {
    meaning: 'A value has a name and is never used.',
    bad: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        let hidden = x -> relu
        output y = x -> linear(width)
      }
    `,
    good: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        let hidden = x -> relu
        output y = hidden -> linear(width)
      }
    `,
  },
  TFM2033: {
    meaning: 'No output depends on an input: the caller would have to give data that changes nothing.',
    bad: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        input memory: float[B, S, width]
        output y = x -> attention(2)
      }
    `,
    good: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        input memory: float[B, S, width]
        output y = x -> attention(2, over: memory)
      }
    `,
  },
  TFM2034: {
    meaning:
      'A `let` makes an instance with weights of its own, and nothing uses them: they would be loaded and trained for nothing.',
    bad: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        let project = linear(width)
        output y = x -> linear(width)
      }
    `,
    good: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        let project = linear(width)
        output y = x -> project
      }
    `,
  },
  TFM2035: {
    meaning: 'A block, function, mask or score of a model is never used.',
    bad: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = x -> linear(width)
        block Layer = linear(width) -> relu
      }
    `,
    good: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = x -> Layer
        block Layer = linear(width) -> relu
      }
    `,
  },
  TFM2040: {
    meaning: 'A preset names the values of a model of the same file.',
    bad: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = x -> linear(width)
      }

      preset Wide = Tinny(width: 64)
    `,
    good: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = x -> linear(width)
      }

      preset Wide = Tiny(width: 64)
    `,
  },
  TFM2041: {
    meaning: 'A preset gives a value to a parameter that its model does not have.',
    bad: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = x -> linear(width)
      }

      preset Wide = Tiny(widht: 64)
    `,
    good: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = x -> linear(width)
      }

      preset Wide = Tiny(width: 64)
    `,
  },
  TFM2042: {
    meaning: lines`
      A block, function, mask or score uses itself, directly or through others. A model is a finite graph that is known before it
      runs: repetition in depth is \`repeat\`, repetition along the sequence is \`scan\`.
    `,
    bad: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = x -> Stack
        block Stack = linear(width) -> Stack
      }
    `,
    good: lines`
      model Tiny(width = 8, depth = 2) {
        input x: float[B, T, width]
        output y = x -> repeat(depth) as layers { linear(width) }
      }
    `,
  },
  TFM2043: {
    meaning: lines`
      A few names have a meaning everywhere: \`self\`, \`none\`, \`all\`, \`identity\`, \`causal\`, \`pi\`, \`inf\`. Whoever reads the spec
      relies on it, so they cannot be defined anew.
    `,
    bad: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        let causal = x -> linear(width)
        output y = causal
      }
    `,
    good: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        let past = x -> linear(width)
        output y = past
      }
    `,
  },
  TFM2044: {
    meaning:
      '`for` names the outputs that a preset is for; weights that only other outputs need are no part of that configuration.',
    bad: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output state = x -> linear(width) as project
        output score = state -> linear(1) as head
      }

      preset Scorer = Tiny(width: 64) for scores
    `,
    good: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output state = x -> linear(width) as project
        output score = state -> linear(1) as head
      }

      preset Scorer = Tiny(width: 64) for score
    `,
  },
  TFM2045: {
    meaning: 'A model computes its outputs, and only them. One without outputs computes nothing.',
    bad: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
      }
    `,
    good: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = x -> linear(width)
      }
    `,
  },
  TFM2046: {
    meaning: lines`
      Inputs, outputs, \`generate\`, \`train\` and \`checkpoint\` belong to a model; \`emit\` belongs to the body of a \`scan\`. The body of a
      block consists of \`let\` and local declarations, and ends with \`return\`.
    `,
    bad: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = x -> Layer
        block Layer from x {
          require width > 0
          return x -> linear(width)
        }
      }
    `,
    good: lines`
      model Tiny(width = 8) {
        require width > 0
        input x: float[B, T, width]
        output y = x -> Layer
        block Layer from x {
          return x -> linear(width)
        }
      }
    `,
  },
  TFM2047: {
    meaning: 'The default of a parameter may use the parameters before it, not those behind it.',
    bad: lines`
      model Tiny(hidden = 4 * width, width = 8) {
        input x: float[B, T, width]
        output y = x -> linear(hidden) as up -> linear(width) as down
      }
    `,
    good: lines`
      model Tiny(width = 8, hidden = 4 * width) {
        input x: float[B, T, width]
        output y = x -> linear(hidden) as up -> linear(width) as down
      }
    `,
  },
  TFM2048: {
    meaning: lines`
      Values are defined above their use, so that a spec reads from top to bottom. Blocks, functions, masks and scores may stand
      below; but where one of them uses a value of the model, that value is defined above the use of the block.
    `,
    bad: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = hidden -> linear(width)
        let hidden = x -> relu
      }
    `,
    good: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        let hidden = x -> relu
        output y = hidden -> linear(width)
      }
    `,
  },
  TFM2049: {
    meaning: lines`
      Blocks and functions are written out where they are used. Here they use each other so deeply, or so often, that the model
      would become too large to be generated: with two uses in each of forty blocks, the last one would exist 2⁴⁰ times.
    `,
    fix: 'Write repetition with `repeat(n) { … }`: its copies are a loop, in the graph and in generated code.',
  },
  TFM2050: {
    meaning: 'The default of a parameter is computed from that parameter, which has no value before it.',
    bad: lines`
      model Tiny(width = 2 * width) {
        input x: float[B, T, width]
        output y = x -> linear(width)
      }
    `,
    good: lines`
      model Tiny(width = 16) {
        input x: float[B, T, width]
        output y = x -> linear(width)
      }
    `,
  },
};
