/** A spec with a model of one layer, a preset of it and a checkpoint map. */
export const layer = (name: string): string => `/// A linear layer.
model ${name}(n = 4, m = 3) {
  require n % 2 == 0 : "n must be even; {n} is not"

  /// Rows.
  input x: float[B, n]

  output y: float[B, m] = x -> linear(m, init: normal(0.5)) as out

  checkpoint torch {
    out = "fc"
  }
}

preset ${name}Wide = ${name}(n: 8)
`;

/** The arguments of `tfm build --target onnx`. */
export const onnx = (...argv: string[]): string[] => ['build', '--target', 'onnx', ...argv];
