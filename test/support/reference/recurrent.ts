import { build, get, type Nd } from './array.js';
import { sigmoid } from './elementwise.js';

export interface Gates {
  readonly inputWeight: Nd;
  readonly inputBias: Nd;
  readonly hiddenWeight: Nd;
  readonly hiddenBias: Nd;
}

const product = (weight: Nd, bias: Nd, row: number, x: readonly number[]): number =>
  x.reduce((sum, value, i) => sum + get(weight, row, i) * value, get(bias, row));

function gruStep(x: readonly number[], h: readonly number[], g: Gates): number[] {
  const n = h.length;
  return h.map((old, i) => {
    const gate = (part: number) =>
      [
        product(g.inputWeight, g.inputBias, part * n + i, x),
        product(g.hiddenWeight, g.hiddenBias, part * n + i, h),
      ] as const;
    const [[ir, hr], [iz, hz], [inew, hnew]] = [gate(0), gate(1), gate(2)];
    const [r, z] = [sigmoid(ir + hr), sigmoid(iz + hz)];
    return (1 - z) * Math.tanh(inew + r * hnew) + z * old;
  });
}

function lstmStep(x: readonly number[], h: readonly number[], c: readonly number[], g: Gates): [number[], number[]] {
  const n = h.length;
  const gate = (part: number, i: number) =>
    product(g.inputWeight, g.inputBias, part * n + i, x) + product(g.hiddenWeight, g.hiddenBias, part * n + i, h);
  const next = c.map((old, i) => sigmoid(gate(1, i)) * old + sigmoid(gate(0, i)) * Math.tanh(gate(2, i)));
  return [next.map((cell, i) => sigmoid(gate(3, i)) * Math.tanh(cell)), next];
}

/** x [B, T, in] → [B, T, h] */
export function recurrent(kind: 'gru' | 'lstm', x: Nd, g: Gates, reverse = false): Nd {
  const [batch, length, inputs] = x.shape as [number, number, number];
  const n = g.hiddenWeight.shape[1]!;
  const rows: number[][][] = [];
  for (let b = 0; b < batch; b++) {
    let [h, c] = [Array<number>(n).fill(0), Array<number>(n).fill(0)];
    const outputs: number[][] = [];
    for (let step = 0; step < length; step++) {
      const t = reverse ? length - 1 - step : step;
      const row = Array.from({ length: inputs }, (_, i) => get(x, b, t, i));
      if (kind === 'gru') h = gruStep(row, h, g);
      else [h, c] = lstmStep(row, h, c, g);
      outputs[t] = h;
    }
    rows.push(outputs);
  }
  return build([batch, length, n], (b, t, i) => rows[b!]![t!]![i!]!);
}
