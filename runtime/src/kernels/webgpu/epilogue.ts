import type { ActivationName } from '../attributes.js';

/** As WGSL: `fn activate(x: f32) -> f32`, with the constants baked in. */
export function activationCode(activation: ActivationName): string {
  return `${activation === 'gelu' ? erf : ''}\nfn activate(x: f32) -> f32 { ${bodies[activation]} }`;
}

/** By number, for a constant that tells shaders of one activation from those of another. */
export const activationNumber: Readonly<Record<ActivationName, number>> = {
  none: 0,
  gelu: 1,
  geluTanh: 2,
  silu: 3,
  relu: 4,
};

const slope = 2 * Math.sqrt(2 / Math.PI);

const bodies: Readonly<Record<ActivationName, string>> = {
  none: 'return x;',
  gelu: 'return 0.5 * x * (1 + erf(x * 0.70710678));',
  geluTanh: `return x / (1 + exp(clamp(-x * (${slope} + ${slope * 0.044715} * x * x), -80.0, 80.0)));`,
  silu: 'return x / (1 + exp(clamp(-x, -80.0, 80.0)));',
  relu: 'return max(x, 0.0);',
};

/** As WGSL: `fn activate` as above and `fn derivative(x: f32) -> f32`, its derivative. */
export function derivativeCode(activation: ActivationName): string {
  return `${activationCode(activation)}\nfn derivative(x: f32) -> f32 { ${derivatives[activation]} }`;
}

const derivatives: Readonly<Record<ActivationName, string>> = {
  none: 'return 1.0;',
  // Φ(x) + x φ(x); the density is 0 long before 14.
  gelu: `let z = clamp(x, -14.0, 14.0);
  return 0.5 * (1 + erf(x * 0.70710678)) + z * 0.3989422804 * exp(-0.5 * z * z);`,
  // With x · σ(u): σ + x σ (1 − σ) u′.
  geluTanh: `let z = clamp(x, -30.0, 30.0);
  let s = 1 / (1 + exp(clamp(-z * (${slope} + ${slope * 0.044715} * z * z), -80.0, 80.0)));
  return s * (1 + z * (1 - s) * (${slope} + ${3 * slope * 0.044715} * z * z));`,
  silu: `let s = 1 / (1 + exp(clamp(-x, -80.0, 80.0)));
  return s * (1 + x * (1 - s));`,
  relu: 'return select(0.0, 1.0, x > 0);',
};

/** erf as a rational function of degree 13/8 on |x| ≤ 4 (as in Eigen), to 5e-7. */
const erf = `
fn erf(wide: f32) -> f32 {
  let x = clamp(wide, -4.0, 4.0);
  let q = x * x;
  var p = fma(q, -2.72614225801306e-10, 2.77068142495902e-8);
  p = fma(q, p, -2.10102402082508e-6);
  p = fma(q, p, -5.69250639462346e-5);
  p = fma(q, p, -7.34990630326855e-4);
  p = fma(q, p, -2.95459980854025e-3);
  p = fma(q, p, -1.60960333262415e-2);
  var d = fma(q, -1.45660718464996e-5, -2.13374055278905e-4);
  d = fma(q, d, -1.68282697438203e-3);
  d = fma(q, d, -7.37332916720468e-3);
  d = fma(q, d, -1.42647390514189e-2);
  return x * p / d;
}
`;
