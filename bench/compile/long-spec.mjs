/**
 * Writes valid specs of any length, for measuring how the compiler's time grows. A spec is made of units of one size, each
 * with a mask, a function, two blocks, lets, a repeat and a pipeline, so that all of its parts grow alike.
 */

/** How a long spec is long: many models of one size, or one model that grows. */
export const shapes = /** @type {const} */ (['models', 'model']);

const unitsOfModel = 4;

/**
 * A spec of exactly `lines` lines.
 * @param {number} lines at least 150
 * @param {'models' | 'model'} shape
 */
export function longSpec(lines, shape) {
  const unit = unitLines(1, 0).length;
  const frame = modelLines(1, []).length;
  const perModel = shape === 'models' ? unitsOfModel : Number.POSITIVE_INFINITY;
  /** @type {string[]} */
  const text = ['// A spec made to measure the compiler.', ''];
  for (let model = 1; lines - text.length >= frame + unit; model++) {
    const units = Math.min(perModel, Math.floor((lines - text.length - frame) / unit));
    const body = Array.from({ length: units }, (_, i) => unitLines(i + 1, i)).flat();
    text.push(...modelLines(model, body, units));
  }
  while (text.length < lines) text.push(`fn spare_${text.length}(x) = ${text.length} * tanh(x)`);
  return `${text.join('\n')}\n`;
}

/** One model around its units: a small decoder that generates. */
function modelLines(model, body, units = 0) {
  return [
    `/// Model ${model}.`,
    `model Long${model}(vocab = 1000, context = 128, width = 64, heads = 4, depth = 2, drop = 0.1) {`,
    '  require width % heads == 0 : "heads must divide width"',
    '',
    '  input tokens: token[B, T <= context] of vocab',
    '',
    '  let embed = embedding(vocab, width)',
    '  let stage_0 = tokens -> embed -> learned_positions(context) as positions',
    '',
    ...body,
    `  output logits: float[B, T, vocab] = stage_${units} -> layer_norm as last_norm -> unembed(embed)`,
    '',
    '  generate tokens from logits',
    '}',
    '',
  ];
}

/** One unit of a model. No two are alike, so that nothing is compiled once for all. */
function unitLines(unit, before) {
  return [
    `  /// Tokens less than ${unit + 7} positions away.`,
    `  mask near_${unit}(n) = (q, k) => abs(q - k) < n + ${unit}`,
    `  fn squash_${unit}(x) = ${unit} * tanh(x / ${unit})`,
    '',
    `  block Gated_${unit}(hidden) from x: float[.., width] {`,
    '    let gate = x -> linear(hidden, bias: false) as gate -> silu',
    '    let up = x -> linear(hidden, bias: false) as up',
    `    return gate * up -> squash_${unit} -> linear(width, bias: false) as down`,
    '  }',
    '',
    `  block Layer_${unit} =`,
    `    residual { rms_norm as norm_1 -> attention(heads, mask: causal and near_${unit}(7)) -> dropout(drop) }`,
    `    -> residual { rms_norm as norm_2 -> Gated_${unit}(${unit % 5} * width + 64) -> dropout(drop) }`,
    '',
    `  let stage_${unit} =`,
    `    stage_${before}`,
    `      -> repeat(depth) as layers_${unit} { Layer_${unit} }`,
    `      -> layer_norm(eps: 1e-5) as norm_${unit}`,
    `      -> linear(2 * width) as up_${unit}`,
    '      -> gelu',
    `      -> linear(width) as down_${unit}`,
    `      -> residual { linear(width) as side_${unit} -> relu }`,
    `      -> (linear(width) as left_${unit} -> sigmoid) * linear(width) as right_${unit}`,
    '',
  ];
}
