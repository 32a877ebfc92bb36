/** Threads that share the logits of one sequence. */
const threads = 256;

/**
 * WGSL of a draw, one workgroup for each sequence: [token, log-probability, what is wrong, 0] from its logits. The same steps as
 * `Sampler` on the host (generate/sampling.ts), in float32: temperature, top-k, top-p and min-p, then the first token at which
 * the cumulative sum, over the tokens by id, passes the random number. Numbers are compared as the bits of whole ones: shaders may be
 * compiled as if there were neither NaN nor infinity.
 */
export const samplerCode = `
const THREADS = ${threads};
const SIGN = 0x80000000u;
const INFINITE = 0x7f800000u;
/** The key of −∞: what is forbidden. */
const NEVER = 0x007fffffu;

var<workgroup> sums: array<vec4f, THREADS>;
var<workgroup> bestKeys: array<u32, THREADS>;
var<workgroup> bestTokens: array<i32, THREADS>;
var<workgroup> found: vec4f;
var<workgroup> best: vec2u; // key and token of the likeliest
var<workgroup> counts: array<i32, THREADS>;

struct Draw {
  /** Where the logits of the sequence begin. */
  start: i32,
  /** The largest logit, divided by the temperature. */
  largest: f32,
  /** Keys from which on tokens are kept; of those with the key itself only the first \`ties\`. */
  least: u32,
  tied: u32,
  ties: i32,
}

fn bitsAt(i: i32) -> u32 {
  let bits = bitcast<u32>(logits[i]);
  return select(bits, 0u, bits == SIGN); // −0 is 0
}

/** Whole numbers in the order of the real ones. */
fn keyOf(bits: u32) -> u32 { return select(bits | SIGN, ~bits, (bits & SIGN) != 0u); }

/** A logit divided by the temperature. */
fn warmBits(i: i32) -> u32 {
  let bits = bitsAt(i);
  if ((bits & ~SIGN) >= INFINITE) { return bits; }
  return bitcast<u32>(bitcast<f32>(bits) / uniforms.temperature);
}

fn share(bits: u32, largest: f32) -> f32 {
  if (keyOf(bits) <= NEVER) { return 0.0; }
  return exp(bitcast<f32>(bits) - largest);
}

/** The sum over all threads. */
fn total(lane: i32, part: vec4f) -> vec4f {
  workgroupBarrier(); // the sum before this one is read
  sums[lane] = part;
  workgroupBarrier();
  if (lane == 0) {
    var sum = vec4f(0);
    for (var i = 0; i < THREADS; i++) { sum += sums[i]; }
    found = sum;
  }
  workgroupBarrier();
  return found;
}

/** The largest key from which on the tokens with at least the key \`least\` have the mass; their number where it counts. */
fn threshold(lane: i32, draw: Draw, mass: f32, isCount: bool) -> u32 {
  var key = 0u;
  for (var i = 0u; i < 16u; i++) {
    let steps = vec3u(key) + (vec3u(1, 2, 3) << vec3u(30u - 2u * i));
    var part = vec4f(0);
    for (var t = lane; t < uniforms.classes; t += THREADS) {
      let bits = warmBits(draw.start + t);
      let own = keyOf(bits);
      if (own < draw.least) { continue; }
      let weight = select(share(bits, draw.largest), 1.0, isCount);
      part += vec4f(select(vec3f(0), vec3f(weight), vec3u(own) >= steps), 0);
    }
    let above = total(lane, part);
    if (above.z >= mass) { key = steps.z; }
    else if (above.y >= mass) { key = steps.y; }
    else if (above.x >= mass) { key = steps.x; }
  }
  return key;
}

/** The weight of a token in the draw; \`before\` tokens with the tied key come before it. */
fn weightOf(draw: Draw, t: i32, before: ptr<function, i32>) -> f32 {
  let bits = warmBits(draw.start + t);
  let own = keyOf(bits);
  if (own < draw.least) { return 0.0; }
  if (own == draw.tied) {
    *before += 1;
    if (*before > draw.ties) { return 0.0; }
  }
  let weight = share(bits, draw.largest);
  return select(weight, 0.0, weight < uniforms.minP);
}

/** The likeliest token, the first of equal ones. @returns Whether a logit is NaN. */
fn findBest(lane: i32, start: i32) -> bool {
  var key = 0u;
  var token = 0;
  var broken = 0.0;
  for (var t = lane; t < uniforms.classes; t += THREADS) {
    let bits = bitsAt(start + t);
    if ((bits & ~SIGN) > INFINITE) { broken = 1.0; continue; }
    if (keyOf(bits) > key) { key = keyOf(bits); token = t; }
  }
  bestKeys[lane] = key;
  bestTokens[lane] = token;
  let all = total(lane, vec4f(broken));
  if (lane == 0) {
    for (var i = 1; i < THREADS; i++) {
      if (bestKeys[i] > key || (bestKeys[i] == key && bestTokens[i] < token)) { key = bestKeys[i]; token = bestTokens[i]; }
    }
    best = vec2u(key, u32(token));
  }
  workgroupBarrier();
  return all.x > 0.0;
}

/** What top-k and top-p leave. */
fn keep(lane: i32, all: Draw) -> Draw {
  var draw = all;
  if (uniforms.topK > 0 && uniforms.topK < uniforms.classes) {
    draw.least = max(draw.least, threshold(lane, draw, f32(uniforms.topK), true));
  }
  if (uniforms.topP < 1.0) {
    var mass = vec4f(0);
    for (var t = lane; t < uniforms.classes; t += THREADS) {
      let bits = warmBits(draw.start + t);
      mass.x += select(share(bits, draw.largest), 0.0, keyOf(bits) < draw.least);
    }
    let wanted = uniforms.topP * total(lane, mass).x;
    let edge = max(threshold(lane, draw, wanted, false), draw.least);
    // Of the tokens at the edge, which are equally likely, the first ones that reach the mass.
    var parts = vec4f(0);
    for (var t = lane; t < uniforms.classes; t += THREADS) {
      let bits = warmBits(draw.start + t);
      let weight = share(bits, draw.largest);
      if (keyOf(bits) > edge) { parts.x += weight; }
      if (keyOf(bits) == edge) { parts.y += weight; parts.z += 1.0; }
    }
    let sides = total(lane, parts);
    draw.least = edge;
    draw.tied = edge;
    draw.ties = i32(max(ceil((wanted - sides.x) / max(sides.y / max(sides.z, 1.0), 1e-37)), 1.0));
  }
  return draw;
}

/** The token of the random number: over the tokens by id. */
fn drawn(lane: i32, draw: Draw, random: f32) -> i32 {
  let each = (uniforms.classes + THREADS - 1) / THREADS;
  let first = lane * each;
  let end = min(first + each, uniforms.classes);
  var own = 0;
  for (var t = first; t < end; t++) { own += i32(keyOf(warmBits(draw.start + t)) == draw.tied); }
  counts[lane] = own;
  workgroupBarrier();
  var before = 0;
  for (var i = 0; i < lane; i++) { before += counts[i]; }
  var seen = before;
  var sum = 0.0;
  for (var t = first; t < end; t++) { sum += weightOf(draw, t, &seen); }
  let all = total(lane, vec4f(sum));
  workgroupBarrier(); // it is read
  // Whose tokens the number falls among.
  if (lane == 0) {
    var rest = random * all.x;
    var chosen = 0;
    for (var i = 0; i < THREADS; i++) {
      let weight = sums[i].x;
      if (weight == 0.0) { continue; }
      chosen = i;
      if (rest < weight) { break; }
      rest -= weight;
    }
    found = vec4f(f32(chosen), rest, 0, 0);
  }
  workgroupBarrier();
  if (i32(found.x) != lane) { return -1; }
  var rest = found.y;
  var last = 0;
  seen = before;
  for (var t = first; t < end; t++) {
    let weight = weightOf(draw, t, &seen);
    if (weight == 0.0) { continue; }
    last = t;
    rest -= weight;
    if (rest < 0.0) { break; }
  }
  return last;
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let lane = i32(thread);
  let sequence = i32(group.x);
  let start = sequence * uniforms.classes;
  let broken = findBest(lane, start);
  let likeliest = i32(best.y);
  let top = bitcast<f32>(bitsAt(start + likeliest));
  var normalizer = 0.0;
  if (uniforms.scored == 1) {
    var part = vec4f(0);
    for (var t = lane; t < uniforms.classes; t += THREADS) { part.x += share(bitsAt(start + t), top); }
    normalizer = top + log(total(lane, part).x);
  }

  var token = likeliest;
  if (uniforms.topK != 1) {
    let largest = bitcast<f32>(warmBits(start + likeliest));
    token = drawn(lane, keep(lane, Draw(start, largest, NEVER + 1u, 0u, 0)), randoms[sequence]);
  } else if (lane > 0) { token = -1; }
  if (token < 0) { return; }
  let logProbability = bitcast<f32>(bitsAt(start + token)) - normalizer;
  let wrong = select(0, 1, best.x <= NEVER) + select(0, 2, broken);
  result[sequence] = vec4i(token, bitcast<i32>(logProbability), wrong, 0);
}
`;
