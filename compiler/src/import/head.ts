import type { Departure, Family } from './family.js';

type Departs = NonNullable<Family['departs']>;

/**
 * Where a config says of the weights of the next token's scores that they are the embedding's, or that they are not, and the spec
 * has it the other way.
 */
export function otherHead(usual: boolean): Departs {
  return ({ config, architecture }) => {
    const tied = config.flag('tie_word_embeddings', usual);
    if (tied === usual || !/(?:ForCausalLM|LMHeadModel)$/.test(architecture)) return [];
    return tied ? tiedHead : ownHead;
  };
}

const ownHead: readonly Departure[] = [
  [/unembed\(\w+\)/, 'linear(vocab, bias: false) as head'],
  [/(?:\s+also "(?:language_model\.)?lm_head\.weight")+/, '\n    head = "(language_model.)?lm_head.weight" for logits'],
];

/** Its bias remains. */
const tiedHead: readonly Departure[] = [
  [/(let (\w+) = embedding\([\s\S]*?)linear\(vocab\) as head/, '$1unembed($2) + weight(vocab, init: 0) as head_bias'],
  [/((?:embed|wte) = "[^"]*")/, '$1 also "lm_head.weight"'],
  ['head = "lm_head" for logits', 'head_bias = "lm_head.bias" for logits'],
];
