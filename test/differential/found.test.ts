import { expect, test } from 'vitest';
import { differences } from '../support/differential/check.js';
import { subjectOfText } from '../support/differential/subject.js';

/** Models that random specs have found to be wrong once, as small as they became. */
const found: readonly { readonly title: string; readonly lengths?: readonly number[]; readonly text: string }[] = [
  {
    title: 'a function with a part that is one number',
    text: `model Made(width = 8, vocab = 7, context = 12, bend = 1.5) {
      input tokens: token[B, T <= context] of vocab
      let embed = embedding(vocab, width)
      output logits = tokens -> embed -> bump(a: bend) -> unembed(embed)
      generate tokens from logits
      fn bump(v, a) = (v - a / 4) * sigmoid(a * v)
    }`,
  },
  {
    title: 'a recurrence behind a constant prefix, prompts of different lengths',
    lengths: [4],
    text: `model Made(width = 8, words = 7, colours = 6, length = 3) {
      input text: token[B, length] of words
      input image: token[B, N <= 9] of colours
      output logits: float[B, N + 1, colours] =
        concat(
          text -> embedding(words, width) as text_words, image -> embedding(colours, width) as image_words,
          axis: sequence
        )
          -> gru(width) -> predict(image) -> linear(colours) as head
      generate image from logits
    }`,
  },
  {
    title: 'copies of copies, without a stage between',
    text: `model Made(width = 8, depth = 2) {
      input x: float[B, T, width]
      output y = x -> repeat(2) as encoder { repeat(depth) { residual { attention(2) } } }
    }`,
  },
  {
    title: 'a mask that asks for a part of a joined sequence, whose length no argument of the block tells',
    text: `model Made(width = 8) {
      input x: float[B, T, width]
      input other: float[B, S, width]
      mask left = (head, q, k) => q in x or k in other
      output y = concat(x, other, axis: sequence) -> attention(2, mask: left) -> Layer as second
      block Layer = residual { attention(2, mask: left) }
    }`,
  },
  {
    title: 'padding that hides all keys of a row that sees few',
    lengths: [4, 5],
    text: `model Made(width = 8) {
      input tokens: token[B, T] of 7
      output y = tokens -> embedding(7, width) -> attention(4, 2, mask: past and present(tokens))
      mask past = (q, k) => k <= q and q - k < 1
    }`,
  },
  {
    title: 'what stands in the padding of a generated sequence is put to zero',
    lengths: [5],
    text: `model Made(width = 8) {
      input tokens: token[B, T <= 12] of 7 pad 0
      output logits =
        tokens -> embedding(7, width) as words -> zero(where: not present(tokens))
          -> residual { gru(width, mask: present(tokens)) }
          -> residual { attention(2, mask: causal and present(tokens)) } -> linear(7) as head
      generate tokens from logits
    }`,
  },
];

test.each(found)('$title', async ({ text, lengths = [1, 3] }) => {
  const subject = await subjectOfText({ text, model: 'Made', settings: {}, shortest: {} });
  for (const seed of [1, 2, 3, 4, 5, 6]) expect(await differences(subject, { seed, lengths })).toEqual([]);
});
