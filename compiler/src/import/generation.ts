type Fields = Readonly<Record<string, unknown>>;

/** Fields of generation_config.json that say how tokens are chosen; others are ids that the spec has, or about the library. */
const told = [
  ...['do_sample', 'temperature', 'top_k', 'top_p', 'min_p', 'typical_p'],
  ...['num_beams', 'length_penalty', 'early_stopping'],
  ...['repetition_penalty', 'no_repeat_ngram_size', 'max_new_tokens', 'max_length', 'min_new_tokens', 'min_length'],
  ...['forced_bos_token_id', 'forced_eos_token_id', 'suppress_tokens', 'begin_suppress_tokens', 'bad_words_ids'],
];

/**
 * What a reader of the spec must know of generation_config.json, one line each: a spec says what a model computes, not how it is
 * used.
 */
export function generationNotes(fields: Fields): readonly string[] {
  const found = told.flatMap((name) => {
    const value = fields[name];
    if (value === undefined || value === null) return [];
    return Array.isArray(value) ? `${name} (${value.length})` : `${name} ${JSON.stringify(value)}`;
  });
  if (found.length === 0) return [];
  return [
    `generation_config.json: ${found.join(', ')},`,
    'which `tfm run` and `@tfm-lang/runtime/tasks` take where no option says otherwise.',
  ];
}
