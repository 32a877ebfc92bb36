import type { Explanation } from './explanation.js';

/** Errors of `@tfm-lang/runtime/tasks`. */
export const runtimeTaskExplanations: Readonly<Record<string, Explanation>> = {
  TFM5601: {
    meaning:
      'A tokenizer, or another file that stands beside the weights of a published model, is missing, cannot be read, or does not have what the task needs. Tokenizers are read from `tokenizer.json`.',
    fix: 'Where a folder has only `vocab.txt`, `merges.txt` or `spiece.model`, `tokenizer.save_pretrained(folder)` of transformers writes `tokenizer.json`. The packages that read the files are optional: `npm install @huggingface/tokenizers @huggingface/jinja`.',
  },
  TFM5602: {
    meaning:
      'The model does not have the output that a task reads, or needs inputs that the task does not feed. Filling a mask needs `token_logits`, classifying `class_logits` or `logits`.',
    fix: 'Use the model for what it was trained for, or name another `output`. A preset `for …` keeps only some outputs of its model.',
  },
  TFM5603: {
    meaning:
      'A conversation cannot be written as a text: the tokenizer has no chat template, or the template refuses, for example because it knows no system prompt, or because turns do not alternate.',
    fix: 'A model that was trained to continue texts has no chat template: give it a text. Where the template refuses, the message is its own.',
  },
  TFM5604: {
    meaning:
      'A field of `preprocessor_config.json` changes the pixels in a way that is not known, or has a value that is not possible. It is never ignored in silence.',
    fix: 'Prepare the image yourself, and give `forward` its numbers.',
  },
};
