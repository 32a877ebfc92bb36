import { type Explanation, lines } from './explanation.js';

/** Names, members and arguments. */
export const nameExplanations: Readonly<Record<string, Explanation>> = {
  TFM2001: {
    meaning: lines`
      A name is used that nothing here defines: no parameter, input, \`let\`, label, import, declaration or primitive. Values
      must be defined above their use; blocks, functions, masks and scores may stand anywhere in their scope. An imported
      block sees its own parameters and its own file, not the model that uses it.
    `,
    bad: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = x -> liner(width)
      }
    `,
    good: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = x -> linear(width)
      }
    `,
  },
  TFM2002: {
    meaning: lines`
      Two things in one scope have the same name, and the second one could never be meant. An inner scope (a block, a
      function, the body of a \`scan\`) may use a name of an outer one again.
    `,
    bad: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        let hidden = x -> linear(width) as first
        let hidden = hidden -> linear(width) as second
        output y = hidden
      }
    `,
    good: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        let hidden = x -> linear(width) as first
        output y = hidden -> linear(width) as second
      }
    `,
  },
  TFM2003: {
    meaning: 'A record `{a: …, b: …}` is asked for a field that it does not have.',
    bad: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = x -> Pair(sizes: {first: 16, second: width})
        block Pair(sizes) = linear(sizes.first) as one -> linear(sizes.last) as two
      }
    `,
    good: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = x -> Pair(sizes: {first: 16, second: width})
        block Pair(sizes) = linear(sizes.first) as one -> linear(sizes.second) as two
      }
    `,
  },
  TFM2005: {
    meaning: lines`
      Only records have fields, and positions in a mask have \`.row\` and \`.column\`. A value of the model has no members: its
      parts are taken with primitives such as \`split\`, \`at\` and \`head\`.
    `,
    bad: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = x.first
      }
    `,
    good: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = x -> first
      }
    `,
  },
  TFM2006: {
    meaning: 'An argument is given under a name that the block, function or primitive does not have.',
    bad: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = x -> linear(width, biass: false)
      }
    `,
    good: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = x -> linear(width, bias: false)
      }
    `,
  },
  TFM2007: {
    meaning: 'A parameter without a default must be given.',
    bad: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = x -> linear
      }
    `,
    good: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = x -> linear(width)
      }
    `,
  },
  TFM2008: {
    meaning: lines`
      There are more arguments without a name than parameters. Some parameters of primitives are taken only by name: the
      language reference lists them after a \`;\`.
    `,
    bad: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = x -> linear(width, false)
      }
    `,
    good: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = x -> linear(width, bias: false)
      }
    `,
  },
  TFM2009: {
    meaning: 'One parameter gets two values: once by its place and once by its name, or twice by its name.',
    bad: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = x -> linear(width, out: 4)
      }
    `,
    good: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = x -> linear(out: 4)
      }
    `,
  },
  TFM2010: {
    meaning: 'Behind an argument with a name, the place of an argument no longer says which parameter it is for.',
    bad: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = x -> Scale(by: 2, 4)
        block Scale(by, out) = linear(out) * by
      }
    `,
    good: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = x -> Scale(by: 2, out: 4)
        block Scale(by, out) = linear(out) * by
      }
    `,
  },
  TFM2011: {
    meaning: 'Parentheses behind a name give it arguments, but this name is a value or a number, and takes none.',
    bad: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = x -> linear(width(2))
      }
    `,
    good: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = x -> linear(width * 2)
      }
    `,
  },
};
