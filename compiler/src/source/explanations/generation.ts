import { type Explanation, lines } from './explanation.js';

/** Generation, masks and scores, training. */
export const generationExplanations: Readonly<Record<string, Explanation>> = {
  TFM3001: {
    meaning: lines`
      \`generate x from y\` promises that a token can be chosen before the ones behind it exist. This attention reads keys that
      grow with \`x\`, and its mask lets a position see a later one: the message names a pair of positions. What was computed for
      earlier tokens would change with each new one, and a KV cache would be wrong.
    `,
    bad: lines`
      model Tiny(vocab = 10, width = 8) {
        input tokens: token[B, T <= 16] of vocab start 0
        let embed = embedding(vocab, width)
        output logits = tokens -> embed -> residual { attention(2) } -> unembed(embed)
        generate tokens from logits
      }
    `,
    good: lines`
      model Tiny(vocab = 10, width = 8) {
        input tokens: token[B, T <= 16] of vocab start 0
        let embed = embedding(vocab, width)
        output logits = tokens -> embed -> residual { attention(2, mask: causal) } -> unembed(embed)
        generate tokens from logits
      }
    `,
  },
  TFM3002: {
    meaning: lines`
      The generated stream passes through something that mixes each position with later ones, so that no step could be computed
      without the tokens that it is to predict: a mean over the sequence, a reversed recurrence, a transposition.
    `,
    bad: lines`
      model Tiny(vocab = 10, width = 8) {
        input tokens: token[B, T <= 16] of vocab start 0
        let words = tokens -> embedding(vocab, width)
        output logits = words -> gru(width, reverse: true) -> linear(vocab)
        generate tokens from logits
      }
    `,
    good: lines`
      model Tiny(vocab = 10, width = 8) {
        input tokens: token[B, T <= 16] of vocab start 0
        let words = tokens -> embedding(vocab, width)
        output logits = words -> gru(width) -> linear(vocab)
        generate tokens from logits
      }
    `,
  },
  TFM3003: {
    meaning:
      'What is generated is a sequence of tokens: an input `token[B, N] of vocab`, where `N` arrives with the data.',
    bad: lines`
      model Tiny(vocab = 10, width = 8) {
        input x: float[B, T, width]
        output logits = x -> linear(vocab)
        generate x from logits
      }
    `,
    good: lines`
      model Tiny(vocab = 10, width = 8) {
        input x: token[B, T] of vocab
        output logits = x -> embedding(vocab, width) -> linear(vocab)
        generate x from logits
      }
    `,
  },
  TFM3004: {
    meaning: lines`
      For \`x: token[B, N] of V\` the output is \`float[B, N, V]\`, where row j scores the token behind x[j], or \`float[B, N + 1, V]\`,
      where row j scores x[j] itself and the last row scores the next token.
    `,
    bad: lines`
      model Tiny(vocab = 10, width = 8) {
        input x: token[B, T] of vocab
        output logits = x -> embedding(vocab, width) -> linear(width)
        generate x from logits
      }
    `,
    good: lines`
      model Tiny(vocab = 10, width = 8) {
        input x: token[B, T] of vocab
        output logits = x -> embedding(vocab, width) -> linear(vocab)
        generate x from logits
      }
    `,
  },
  TFM3005: {
    meaning: '`generate x from y` names an input and an output of the model.',
    bad: lines`
      model Tiny(vocab = 10, width = 8) {
        input x: token[B, T] of vocab
        output logits = x -> embedding(vocab, width) -> linear(vocab)
        generate x from logit
      }
    `,
    good: lines`
      model Tiny(vocab = 10, width = 8) {
        input x: token[B, T] of vocab
        output logits = x -> embedding(vocab, width) -> linear(vocab)
        generate x from logits
      }
    `,
  },
  TFM3006: {
    meaning: 'A model has one stream that grows. Two generators are two models; they may share blocks.',
    bad: lines`
      model Tiny(vocab = 10, width = 8) {
        input x: token[B, T] of vocab
        output logits = x -> embedding(vocab, width) -> linear(vocab)
        generate x from logits
        generate x from logits
      }
    `,
    good: lines`
      model Tiny(vocab = 10, width = 8) {
        input x: token[B, T] of vocab
        output logits = x -> embedding(vocab, width) -> linear(vocab)
        generate x from logits
      }
    `,
  },
  TFM3010: {
    meaning: lines`
      The function of a mask or score takes some of these names, in any order: \`head\`, \`q\` and \`k\` (absolute positions of query
      and key), and in a score also \`s\` (the score so far) and the vectors \`query\` and \`key\`.
    `,
    bad: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        mask near = (i, j) => abs(i - j) < 4
        output y = x -> attention(2, mask: near)
      }
    `,
    good: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        mask near = (q, k) => abs(q - k) < 4
        output y = x -> attention(2, mask: near)
      }
    `,
  },
  TFM3011: {
    meaning: 'A mask says whether a query may see a key: it is a condition, not a number that is added to the scores.',
    bad: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        mask near = (q, k) => q - k
        output y = x -> attention(2, mask: near)
      }
    `,
    good: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        mask near = (q, k) => abs(q - k) < 4
        output y = x -> attention(2, mask: near)
      }
    `,
  },
  TFM3012: {
    meaning: 'A score maps the scaled product of query and key to another number. What hides keys is a mask.',
    bad: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        score near = (s, q, k) => s > q - k
        output y = x -> attention(2, score: near)
      }
    `,
    good: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        score near = (s, q, k) => s - abs(q - k)
        output y = x -> attention(2, score: near)
      }
    `,
  },
  TFM3013: {
    meaning:
      '`.row` and `.column` are known where a sequence lies on a grid: behind `patches`, and behind `axial_positions`.',
    bad: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        mask same_row = (q, k) => q.row == k.row
        output y = x -> attention(2, mask: same_row)
      }
    `,
    good: lines`
      model Tiny(width = 8) {
        input image: float[B, 8, 8, 3]
        mask same_row = (q, k) => q.row == k.row
        output y = image -> patches(2) -> linear(width) -> attention(2, mask: same_row)
      }
    `,
  },
  TFM3014: {
    meaning:
      'A sequence has segments where it was joined from inputs with `concat(…, axis: sequence)`; they have the names of the inputs.',
    bad: lines`
      model Tiny(vocab = 10, width = 8) {
        input text: token[B, T] of vocab
        mask in_image = (k) => k in image
        output y = text -> embedding(vocab, width) -> attention(2, mask: in_image)
      }
    `,
    good: lines`
      model Tiny(vocab = 10, width = 8) {
        input text: token[B, T] of vocab
        mask in_text = (k) => k in text
        output y = text -> embedding(vocab, width) -> attention(2, mask: in_text)
      }
    `,
  },
  TFM3016: {
    meaning:
      '`q in text` asks whether a position lies in a segment. On the left stands a position, on the right the name of a segment.',
    bad: lines`
      model Tiny(vocab = 10, width = 8) {
        input text: token[B, T] of vocab
        mask in_text = (k) => k + 1 in text
        output y = text -> embedding(vocab, width) -> attention(2, mask: in_text)
      }
    `,
    good: lines`
      model Tiny(vocab = 10, width = 8) {
        input text: token[B, T] of vocab
        mask in_text = (k) => k in text
        output y = text -> embedding(vocab, width) -> attention(2, mask: in_text)
      }
    `,
  },
  TFM3017: {
    meaning:
      'A bool value serves as a mask with one flag for each key, [B, Tk], or one for each query and key, [B, Tq, Tk].',
    bad: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        input visible: bool[B, 2, T, T]
        output y = x -> attention(2, mask: visible)
      }
    `,
    good: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        input visible: bool[B, T, T]
        output y = x -> attention(2, mask: visible)
      }
    `,
  },
  TFM3020: {
    meaning: '`train` names the output that the loss is computed from.',
    bad: lines`
      model Tiny(width = 8, classes = 3) {
        input x: float[B, T, width]
        output logits = x -> linear(classes)
        train logit with cross_entropy
      }
    `,
    good: lines`
      model Tiny(width = 8, classes = 3) {
        input x: float[B, T, width]
        output logits = x -> linear(classes)
        train logits with cross_entropy
      }
    `,
  },
  TFM3021: {
    meaning: lines`
      Without \`against\` an output is compared with labels that the caller gives, or, where it generates, with the tokens themselves.
      \`against x.shifted\` names a token input whose next tokens are the labels.
    `,
    bad: lines`
      model Tiny(vocab = 10, width = 8) {
        input x: token[B, T] of vocab
        output logits = x -> embedding(vocab, width) -> linear(vocab)
        train logits against x with cross_entropy
      }
    `,
    good: lines`
      model Tiny(vocab = 10, width = 8) {
        input x: token[B, T] of vocab
        output logits = x -> embedding(vocab, width) -> linear(vocab)
        train logits against x.shifted with cross_entropy
      }
    `,
  },
  TFM3022: {
    meaning:
      'A loss of this name does not exist. The losses are `cross_entropy(label_smoothing: 0)` and `mean_squared_error`.',
    bad: lines`
      model Tiny(width = 8, classes = 3) {
        input x: float[B, T, width]
        output logits = x -> linear(classes)
        train logits with crossentropy
      }
    `,
    good: lines`
      model Tiny(width = 8, classes = 3) {
        input x: float[B, T, width]
        output logits = x -> linear(classes)
        train logits with cross_entropy
      }
    `,
  },
  TFM3023: {
    meaning: lines`
      \`cross_entropy\` compares scores [.., classes] with class ids [..]; \`mean_squared_error\` compares values with values of the same
      shape.
    `,
    fix: 'Train another output, or another loss.',
  },
  TFM3024: {
    meaning: 'A model has one loss. Losses of several outputs are weighed and added by the code that trains.',
    bad: lines`
      model Tiny(width = 8, classes = 3) {
        input x: float[B, T, width]
        output logits = x -> linear(classes)
        train logits with cross_entropy
        train logits with mean_squared_error
      }
    `,
    good: lines`
      model Tiny(width = 8, classes = 3) {
        input x: float[B, T, width]
        output logits = x -> linear(classes)
        train logits with cross_entropy
      }
    `,
  },
};
