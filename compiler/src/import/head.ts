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

/** The same of encoders' scores of words: what must stand there where a layer of its own gives them. */
export function ownWords(instead: readonly Departure[]): Departs {
  return ({ config, architecture, parameters }) => {
    const tied = config.flag('tie_word_embeddings', true);
    // DeBERTa's later head reads the embedding in any case.
    if (tied || parameters.legacy === false || !/For(?:MaskedLM|PreTraining)$/.test(architecture)) return [];
    return [[/(words = .*) also "[\w.]+"/, '$1'], ...instead];
  };
}

const ownDecoder: Departure = ['unembed(words) + weight(vocab, init: 0) as decoder_bias', 'linear(vocab) as decoder'];

/** A bias beside the embedding's rows; nothing reads it where the layer has its own. */
export const ownDecoderBesideBias: readonly Departure[] = [
  ownDecoder,
  [/decoder_bias = "([\w.]+)" also "([\w.]+)\.bias"(.*)/, 'decoder = "$2"$3\n    ignore "$1"'],
];

/** DeBERTa's map names the bias of the later head, too. */
export const ownDebertaDecoder: readonly Departure[] = [
  ...ownDecoderBesideBias,
  [/\n {4}decoder_bias = "lm_predictions.*/, ''],
];

/** A layer that has always had the bias. */
export const ownProjector: readonly Departure[] = [
  ownDecoder,
  ['decoder_bias = "vocab_projector.bias"', 'decoder = "vocab_projector"'],
];

export const ownModernDecoder: readonly Departure[] = [
  [/if decoder_bias then unembed.*/, 'linear(vocab, bias: decoder_bias) as decoder'],
  [/\n {2}block Summary = .*\n/, ''],
  [/bias = "decoder\.bias"(.*) when decoder_bias/, 'decoder = "decoder"$1'],
];
