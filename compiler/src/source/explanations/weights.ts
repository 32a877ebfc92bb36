import { type Explanation, lines } from './explanation.js';

/** Labels, initialisers and checkpoint maps. */
export const weightExplanations: Readonly<Record<string, Explanation>> = {
  TFM4001: {
    meaning: 'Labels are the paths of weights and of what `explain` shows: in one scope each is given once.',
    bad: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = x -> linear(width) as project -> relu -> linear(width) as project
      }
    `,
    good: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = x -> linear(width) as up -> relu -> linear(width) as down
      }
    `,
  },
  TFM4002: {
    meaning: lines`
      \`as new was old\` reads weights that own checkpoints still have under the old name. Where another part has that name today,
      its weights would be read twice.
    `,
    bad: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = x -> linear(width) as up was down -> relu -> linear(width) as down
      }
    `,
    good: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = x -> linear(width) as up was first -> relu -> linear(width) as down
      }
    `,
  },
  TFM4101: {
    meaning:
      'The path of a rule names no weight and no part of the model. `tfm explain SPEC --weights` lists every path.',
    bad: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = x -> linear(width) as project
        checkpoint torch {
          projection = "fc"
          project = "fc"
        }
      }
    `,
    good: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = x -> linear(width) as project
        checkpoint torch {
          project = "fc"
        }
      }
    `,
  },
  TFM4102: {
    meaning: lines`
      Two unlabelled stages of one kind are called \`linear\` and \`linear_2\`, in their order. An edit of the spec can change that order,
      and the map would fill the wrong weights in silence; so a map may name only what has a label.
    `,
    bad: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = x -> linear(width) -> relu -> linear(width)
        checkpoint torch {
          linear = "fc1"
          linear_2 = "fc2"
        }
      }
    `,
    good: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = x -> linear(width) as up -> relu -> linear(width) as down
        checkpoint torch {
          up = "fc1"
          down = "fc2"
        }
      }
    `,
  },
  TFM4103: {
    meaning:
      'The part stands in a `repeat`: the path says which copy. A name in brackets stands for each copy in turn.',
    bad: lines`
      model Tiny(width = 8, depth = 2) {
        input x: float[B, T, width]
        output y = x -> repeat(depth) as layers { linear(width) as project }
        checkpoint torch {
          layers.project = "blocks.0.fc"
        }
      }
    `,
    good: lines`
      model Tiny(width = 8, depth = 2) {
        input x: float[B, T, width]
        output y = x -> repeat(depth) as layers { linear(width) as project }
        checkpoint torch {
          layers[i].project = "blocks.{i}.fc"
        }
      }
    `,
  },
  TFM4104: {
    meaning: 'The path has an index behind a part that no `repeat` makes copies of.',
    bad: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = x -> linear(width) as project
        checkpoint torch {
          project[i] = "fc.{i}"
        }
      }
    `,
    good: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = x -> linear(width) as project
        checkpoint torch {
          project = "fc"
        }
      }
    `,
  },
  TFM4105: {
    meaning: lines`
      Sets on both sides are paired in their order: \`{up, down} = "{fc1, fc2}"\` are two rules. Each set of the path needs one of the
      same size in the template, except the one whose parts \`unpack\` cuts out of a single tensor.
    `,
    bad: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = x -> linear(width) as up -> relu -> linear(width) as down
        checkpoint torch {
          {up, down} = "{fc1, fc2, fc3}"
        }
      }
    `,
    good: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = x -> linear(width) as up -> relu -> linear(width) as down
        checkpoint torch {
          {up, down} = "{fc1, fc2}"
        }
      }
    `,
  },
  TFM4106: {
    meaning: '`{i}` in a template is the index that `[i]` in the path binds.',
    bad: lines`
      model Tiny(width = 8, depth = 2) {
        input x: float[B, T, width]
        output y = x -> repeat(depth) as layers { linear(width) as project }
        checkpoint torch {
          layers[i].project = "blocks.{n}.fc"
        }
      }
    `,
    good: lines`
      model Tiny(width = 8, depth = 2) {
        input x: float[B, T, width]
        output y = x -> repeat(depth) as layers { linear(width) as project }
        checkpoint torch {
          layers[i].project = "blocks.{i}.fc"
        }
      }
    `,
  },
  TFM4107: {
    meaning: 'Braces of a template hold an index or a set, and `(…)?` an optional part; they close, and do not nest.',
    bad: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = x -> linear(width) as project
        checkpoint torch {
          project = "(model.?fc"
        }
      }
    `,
    good: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = x -> linear(width) as project
        checkpoint torch {
          project = "(model.)?fc"
        }
      }
    `,
  },
  TFM4108: {
    meaning: 'The steps of a rule are `transpose`, `reshape`, `axes`, `unpack`, `add` and `rows`.',
    bad: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = x -> linear(width) as project
        checkpoint torch {
          project = "fc" -> transposed
        }
      }
    `,
    good: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = x -> linear(width) as project
        checkpoint torch {
          project = "fc" -> transpose
        }
      }
    `,
  },
  TFM4109: {
    meaning: lines`
      Each step has its own arguments: \`transpose\` none, \`reshape(sizes…)\`, \`axes("from -> to", name: size)\`,
      \`unpack(outer?, {part: size, …}, inner?)\`, \`add(number)\`, \`rows(from, to)\`.
    `,
    bad: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = x -> linear(width) as project
        checkpoint torch {
          project = "fc" -> axes(width)
        }
      }
    `,
    good: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = x -> linear(width) as project
        checkpoint torch {
          project = "fc" -> axes("in out -> out in")
        }
      }
    `,
  },
  TFM4110: {
    meaning: lines`
      A weight comes from one place. Of two rules that name the same weight, the one that names more of its path wins (a rule for
      \`norm.bias\` beats a rule for \`norm\`); here both name as much. Rules whose \`when\` exclude each other may name the same weight.
    `,
    bad: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = x -> linear(width) as project
        checkpoint torch {
          project = "fc"
          project = "dense"
        }
      }
    `,
    good: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = x -> linear(width) as project
        checkpoint torch {
          project = "fc" or "dense"
        }
      }
    `,
  },
  TFM4111: {
    meaning:
      'Every weight of the model needs a rule: otherwise it would keep its random start, and nothing would say so.',
    bad: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = x -> linear(width) as up -> relu -> linear(width) as down
        checkpoint torch {
          up = "fc1"
        }
      }
    `,
    good: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = x -> linear(width) as up -> relu -> linear(width) as down
        checkpoint torch {
          up = "fc1"
          down = "fc2"
        }
      }
    `,
  },
  TFM4112: {
    meaning:
      'The parts of `unpack` have the names of a set of the path, so that it is plain which rows become which weight.',
    bad: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = x -> attention(2)
        checkpoint torch {
          attention.{q, k, v} = "qkv" -> unpack({query: width, key: width, value: width})
          attention.out = "out"
        }
      }
    `,
    good: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = x -> attention(2)
        checkpoint torch {
          attention.{q, k, v} = "qkv" -> unpack({q: width, k: width, v: width})
          attention.out = "out"
        }
      }
    `,
  },
  TFM4113: {
    meaning:
      '`for` names the outputs that alone need the weights of a rule; the weights may be missing where none of them is wanted.',
    bad: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = x -> linear(width) as project
        checkpoint torch {
          project = "fc" for z
        }
      }
    `,
    good: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = x -> linear(width) as project
        checkpoint torch {
          project = "fc" for y
        }
      }
    `,
  },
  TFM4114: {
    meaning: lines`
      \`input x = "name"\` in a checkpoint map says what the library that published the weights calls an input, \`input x.present\` what
      it calls the mask of its real rows. The model has no such input, or nothing in it reads that mask.
    `,
    bad: lines`
      model Tiny(vocab = 10, width = 8) {
        input tokens: token[B, T] of vocab
        output y = tokens -> embedding(vocab, width) as words
        checkpoint torch {
          input token = "input_ids"
          words = "wte.weight"
        }
      }
    `,
    good: lines`
      model Tiny(vocab = 10, width = 8) {
        input tokens: token[B, T] of vocab
        output y = tokens -> embedding(vocab, width) as words
        checkpoint torch {
          input tokens = "input_ids"
          words = "wte.weight"
        }
      }
    `,
  },
};
