export interface ModelCase {
  readonly name: string;
  /** A spec with a model `Test`. */
  readonly text: string;
  readonly generates?: boolean;
  /** The fewest rows T that it can read. Default 1. */
  readonly shortest?: number;
}

/** Models without attention, which say what operators alone cannot: types, regions, states. */
export const modelCases: readonly ModelCase[] = [
  {
    name: 'tokens and truth values among real numbers',
    text: `
      model Test(limit = 4) {
        input tokens: token[B, T] of 9
        input x: float[B, T]
        input flags: bool[B, T]
        output sums: float[B, T] = tokens + x * 2 - tokens / 4 + flags
        output powers: float[B, T] = tokens ** 2 + 2 ** tokens
        output extremes: float[B, T] = min(tokens, 3) + max(x, tokens) + max(flags, x)
        output clamped: token[B, T] = tokens -> clamp(1.5, limit)
        output signs: token[B, T] = -tokens
        output chosen: float[B, T] = where(tokens == limit or x < 0, tokens, x)
        output whole: float[B, T] = where(tokens >= (tokens -> clamp(2, 3)), tokens, 0)
        output flagged: float[B, T] = where(flags == (tokens != 2), 1, x) + where(not flags, tokens, 0.5)
        output hidden: token[B, T] = tokens -> zero(where: flags and x > 0)
        output lit: bool[B, T] = flags -> zero(where: tokens > limit)
        output picked: bool[B] = gather(flags, tokens -> at(0) -> clamp(0, 0))
        output ends: bool[B, 2 * T] = concat(flags, flags -> tail(0), axis: sequence)
        output means: float[B] = (tokens -> mean) + (flags -> sum)
        output best: float[B] = (tokens -> argmax) + (x -> argmax)
      }`,
  },
  {
    name: 'parts of sequences and of features',
    text: `
      model Test {
        input x: float[B, T, 6]
        input image: float[B, 6, 4, 3]
        input indices: int[B]
        let class_token = weight(2, 6) as class_token
        let (a, b, c) = x -> split(1, 3, 2)
        output padded: float[B, T + 2, 6] = x -> prepend(class_token)
        output last: float[B, 6] = x -> at(-2)
        output firsts: float[B, 6] = x -> first
        output begin: float[B, 3, 6] = x -> head(3)
        output end: float[B, T - 2, 6] = x -> tail(2)
        output turned: float[B, T, 8] = concat(c, x -> linear(2), a, b)
        output moved: float[B, T, 6] = concat(x -> tail(1), x -> head(1), axis: sequence)
        output average: float[B, 6] = x -> mean(axis: sequence)
        output total: float[B, T] = x -> sum
        output best: float[B, 6] = (x -> argmax(axis: sequence)) * 1
        output products: float[B, T, T] = matmul(x, x -> transpose)
        output squares: float[B, 6, 12] = image -> patches(2)
        input wide: float[B, T, W, 3]
        output cut: float[B, 4, 3, 3] = wide -> crop_or_pad(4, 3)
        output filled: float[B, 6, 12] = image -> patches(2) -> crop_or_pad(2, 3)
        let grid = weight(20, 3) as grid
        output larger: float[B, 5, 7, 3] = wide -> resize(5, 7, how: bicubic)
        output smaller: float[B, 6, 12] = image -> patches(2) -> resize(2, 3)
        output placed: float[B, 6, 3] =
          image -> patches(2) -> linear(3) -> identity + (grid -> resize(3, 2, how: bicubic, from: [5, 4]))
        output kept: float[20, 3] = grid -> resize(5, 4, from: [5, 4])
        output largest: float[B, T, 2] = x -> linear(6) -> maxout(3)
        output grouped: float[B, T, 4] = x -> linear(4, groups: 2)
        output row: float[B, 4] = x -> first -> linear(4, groups: 2)
        output table: float[1, 6] = concat(class_token -> tail(1), class_token, axis: sequence) -> head(1)
        output middle: float[6] = class_token -> mean(axis: sequence)
        output chosen: float[B, 4, 3] = gather(image -> patches(2) -> split_heads(3) -> transpose, indices -> clamp(0, 5))
      }`,
    shortest: 4,
  },
  {
    name: 'experts: the chosen ones of each row, all of them, one inside of another',
    text: `
      model Test(width = 6, count = 5) {
        input x: float[B, T, width]
        let shares = x -> linear(count) as router -> softmax
        output y: float[B, T, width] =
          x -> experts(count, top: 2, weigh: shares) as some { linear(8) as up -> silu -> linear(width) as down }
        output z: float[B, T, 3] = x -> experts(count, top: count, weigh: shares * 2) as every { linear(3) * weight(3) }
        output nested: float[B, T, width] = x -> experts(count, top: 1, weigh: shares) as outer { Inner }
        output best: float[B, T, 2] = x -> top_values(2)
        output among: bool[B, T, width] = x -> in_top(3)
        output part: float[B, T, width] = x / ((x -> abs -> sum(keep: true)) + (x -> mean(axis: sequence, keep: true)) ** 2)
        output wide: float[B, T, 3, 4] = concat(x -> split_heads(3), x -> linear(2) -> split_heads(1))
        block Inner from v: float[.., features] {
          return v -> experts(2, top: 1, weigh: v -> linear(2) as router) as inner { linear(features) }
        }
      }`,
  },
  {
    name: 'copies, shared weights, an embedding read both ways',
    text: `
      model Test(width = 6, depth = 3, vocab = 9) {
        input tokens: token[B, T] of vocab
        let words = embedding(vocab, width, scale: 3)
        let shared = linear(width)
        let start = tokens -> words
        let end = start -> repeat(depth, i) as layers {
          residual { layer_norm -> linear(width) as up -> gelu -> shared } -> if i == 1 then rms_norm(affine: false) else identity
        }
        output logits: float[B, T, vocab] = end -> layer_norm(bias: false) -> unembed(words)
        output second: float[B, T, width] = layers[1] -> unit -> layer_norm(affine: false) -> dropout(0.5)
        output last: float[B, T, width] = layers[-1] + layers[0]
      }`,
  },
  {
    name: 'recurrences in both directions, with padding and without',
    text: `
      model Test(width = 5, vocab = 9) {
        input tokens: token[B, T] of vocab pad 0
        let words = tokens -> embedding(vocab, 4) as words
        output there: float[B, T, width] = words -> gru(width) as there
        output back: float[B, T, width] = words -> gru(width, reverse: true) as back
        output long: float[B, T, width] = words -> lstm(width) as long
        output long_back: float[B, T, width] = words -> lstm(width, reverse: true) as long_back
        output there_real: float[B, T, width] = words -> gru(width, mask: present(tokens)) as there_real
        output back_real: float[B, T, width] = words -> gru(width, reverse: true, mask: present(tokens)) as back_real
        output long_real: float[B, T, width] = words -> lstm(width, mask: present(tokens)) as long_real
        output long_back_real: float[B, T, width] =
          words -> lstm(width, reverse: true, mask: present(tokens)) as long_back_real
        output quiet: float[B, T, 4] = words -> zero(where: not present(tokens))
      }`,
  },
  {
    name: 'one cell used with padding and without',
    text: `
      model Test(width = 5) {
        input x: float[B, T, 4]
        input y: float[B, T, 4]
        let cell = gru(width)
        output first: float[B, T, width] = x -> cell
        output second: float[B, T, width] = y -> tanh -> cell
        output third: float[B, T, width] = y -> linear(4) -> cell
      }`,
  },
  {
    name: "scans of cells, one in the other's row",
    text: `
      model Test(width = 5) {
        input x: float[B, T, 4]
        input y: float[B, S, 3]
        let start = y -> mean(axis: sequence) -> linear(width) as start
        let sums = scan(h = start, c = start -> tanh, row = x) as outer {
          let (next, cell) = lstm_cell(row -> linear(3) as narrow, h, c)
          let inside = scan(s = next, other = y) as inner {
            let after = gru_cell(concat(other, row, axis: features), s + h)
            emit after * 2
            return after
          }
          emit concat(inside -> mean(axis: sequence), next -> relu, axis: features)
          return (next, cell)
        }
        output result: float[B, T, 10] = sums
      }`,
  },
  {
    name: 'an embedding read both ways, in a scan too',
    text: `
      model Test(width = 5, vocab = 9) {
        input tokens: token[B, T] of vocab
        let words = embedding(vocab, width)
        let rows = tokens -> words
        output scores: float[B, T, vocab] = scan(s = rows -> mean(axis: sequence), row = rows) as steps {
          let scores = s + row -> unembed(words)
          emit scores
          return scores -> softmax -> linear(width) as next
        }
      }`,
  },
  {
    name: 'a scan whose state does not change',
    text: `
      model Test {
        input x: float[B, T, 4]
        input flags: bool[B, T]
        let sums = scan(s = x -> first, last = x -> first, row = x, flag = flags) {
          emit where(flag, last -> mean, s -> sum)
          return (s, row)
        }
        output result: float[B, T] = sums
      }`,
  },
  {
    name: 'a language model of recurrences',
    generates: true,
    text: `
      model Test(width = 5, vocab = 9) {
        input tokens: token[B, T] of vocab start 1
        input start: float[B, 2, width]
        let words = tokens -> embedding(vocab, width) as words
        let sums = scan(h = start -> at(0), row = words) as sums {
          let next = gru_cell(row, h)
          emit next
          return next
        }
        output logits: float[B, T, vocab] =
          words -> repeat(2) as layers { residual { rms_norm -> gru(width) } -> lstm(width) } -> (identity + sums)
            -> linear(vocab) as head
        generate tokens from logits
      }`,
  },
  {
    name: 'a decoder that scans, behind an encoder',
    generates: true,
    text: `
      model Test(width = 5, vocab = 9) {
        input source: token[B, S] of vocab pad 0
        input tokens: token[B, T] of vocab pad 0 start 1
        let memory = source -> embedding(vocab, width) as source_words -> gru(width, mask: present(source), reverse: true)
        let start = memory -> first
        let words = tokens -> embedding(vocab, width) as words -> zero(where: not present(tokens))
        let states = scan(h = start, c = start -> tanh, row = words) as decoder {
          let (next, cell) = lstm_cell(row, h, c)
          emit concat(next, (memory -> mean(axis: sequence)) * row, axis: features)
          return (next, cell)
        }
        output logits: float[B, T, vocab] = states -> linear(vocab) as head
        generate tokens from logits
      }`,
  },
  {
    name: 'generated rows behind a constant prefix',
    generates: true,
    text: `
      model Test(width = 5, vocab = 9) {
        input text: token[B, 3] of vocab pad 0
        input image: token[B, N <= 12] of vocab
        let image_words = image -> embedding(vocab, width) as image_words
        let sums = scan(s = text -> embedding(vocab, width) as first_words -> at(0), row = image_words) as sums {
          emit s * row
          return s + row
        }
        let runs = sums + (image_words -> lstm(width) as run) + (image_words -> gru(width, mask: present(image)) as real)
        let rows = concat(text -> embedding(vocab, width) as text_words, runs, axis: sequence)
        output logits: float[B, N + 1, vocab] =
          rows -> gru(width) -> predict(image) -> silu -> linear(vocab) as head
        generate image from logits
      }`,
  },
];
