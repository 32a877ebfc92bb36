import type { CodeOfFunctions } from './formula-code.js';

/** The functions of formulas of elements, of numbers that may be infinite or undefined. */
export const elementwiseFunctions: CodeOfFunctions = {
  minimum: (a, b) => `least(${a}, ${b})`,
  maximum: (a, b) => `largest(${a}, ${b})`,
  power: (a, b) => `power(${a}, ${b})`,
  floor: (x) => `floor(${x})`,
  ceil: (x) => `ceil(${x})`,
  round: (x) => `round(${x})`,
  sqrt: (x) => `sqrt(${x})`,
  exp: (x) => `exponential(${x})`,
  log: (x) => `logarithm(${x})`,
  abs: (x) => `abs(${x})`,
  sign: (x) => `signOf(${x})`,
  sin: (x) => `sin(${x})`,
  cos: (x) => `cos(${x})`,
  tanh: (x) => `hyperbolicTangent(${x})`,
  sigmoid: (x) => `sigmoid(${x})`,
};

/**
 * WGSL of those that are not built in, or whose built-in form loses NaN or overflows on some device. `var` keeps the bits of what is no
 * constant from the compiler.
 */
export const functionsCode = `
fn infinity() -> f32 { var bits = 0x7f800000u; return bitcast<f32>(bits); }
fn notANumber() -> f32 { var bits = 0x7fc00000u; return bitcast<f32>(bits); }
fn isUndefined(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u; }

fn least(a: f32, b: f32) -> f32 { return select(min(a, b), a + b, isUndefined(a) | isUndefined(b)); }
fn largest(a: f32, b: f32) -> f32 { return select(max(a, b), a + b, isUndefined(a) | isUndefined(b)); }

fn signOf(x: f32) -> f32 { return select(sign(x), x, isUndefined(x)); }
fn exponential(x: f32) -> f32 { return select(exp(x), x, isUndefined(x)); }
fn logarithm(x: f32) -> f32 { return select(select(log(x), notANumber(), x < 0.0), x, isUndefined(x)); }

// Of negative arguments e / (1 + e), which is the same and does not overflow.
fn sigmoid(x: f32) -> f32 {
  let e = exponential(-abs(x));
  return select(1.0, e, x < 0.0) / (1.0 + e);
}

// A rational function of degree 13/6 on |x| <= 7.9 (as in Eigen), to 3e-7, of small arguments, too.
fn hyperbolicTangent(wide: f32) -> f32 {
  let x = clamp(wide, -7.90531110763549805, 7.90531110763549805);
  let q = x * x;
  var p = fma(q, -2.76076847742355e-16, 2.00018790482477e-13);
  p = fma(q, p, -8.60467152213735e-11);
  p = fma(q, p, 5.12229709037114e-8);
  p = fma(q, p, 1.48572235717979e-5);
  p = fma(q, p, 6.37261928875436e-4);
  p = fma(q, p, 4.89352455891786e-3);
  var d = fma(q, 1.19825839466702e-6, 1.18534705686654e-4);
  d = fma(q, d, 2.26843463243900e-3);
  d = fma(q, d, 4.89352518554385e-3);
  return select(x * p / d, wide, isUndefined(wide));
}

// Of negative bases where the exponent is whole.
fn power(a: f32, b: f32) -> f32 {
  if (b == 0.0) { return 1.0; }
  if (isUndefined(a) | isUndefined(b)) { return a + b; }
  if (a < 0.0 && floor(b) < b) { return notANumber(); }
  let size = pow(abs(a), b);
  return select(size, -size, a < 0.0 && abs(b) % 2.0 == 1.0);
}
`;
