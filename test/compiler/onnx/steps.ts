import { Tensor } from 'onnxruntime-node';
import { disagreement, type Result } from '../../support/differential/compare.js';
import type { Inputs } from '../../support/differential/inputs.js';
import type { Subject } from '../../support/differential/subject.js';
import { feedsOf, inputRows, OnnxEntry, resultOf, rows, type Tensors, type Weights } from './engine.js';

interface Around {
  readonly opset: number;
  readonly weights: Weights;
  readonly inputs: Inputs;
  /** What one pass over everything gives. */
  readonly whole: ReadonlyMap<string, Result>;
}

/** A prefill, then decode steps of one row and of several: what is not as in one pass, in words. */
export async function steps(subject: Subject, { opset, weights, inputs, whole }: Around): Promise<string[]> {
  const { input, output, scores } = subject.model.generate!;
  const [prefill, decode] = await Promise.all(
    (['prefill', 'decode'] as const).map((entry) => OnnxEntry.open(subject, entry, opset, weights)),
  );
  const given = feedsOf(inputs);
  const length = given[input]!.dims[1]!;
  const extra = scores === 'self' ? 1 : 0;
  const problems: string[] = [];
  const compare = (found: Tensors, from: number, to: number): void => {
    const problem = disagreement(resultOf(found[output]!), rows(whole.get(output)!, from, to));
    if (problem !== undefined) problems.push(`rows ${from} to ${to}: ${output} ${problem}`);
  };
  const first = scores === 'self' ? 0 : Math.ceil(length / 2);
  let state = await prefill!.run(upTo(given, input, first, first));
  const kept = state;
  compare(state, 0, first + extra);
  for (let from = first; from < length; ) {
    const to = Math.min(from === first ? from + 1 : from + 2, length);
    const past = Object.fromEntries(
      Object.entries(state).map(([name, value]) => [name.replace(/^present\./, 'past.'), value]),
    );
    const rowsNow = { ...inputRows(upTo(given, input, length, to), input, from, to), ...kept, ...past };
    const found = await decode!.run({ ...rowsNow, position: new Tensor('int64', BigInt64Array.of(BigInt(from)), []) });
    compare(found, from + extra, to + extra);
    state = found;
    from = to;
  }
  await prefill!.close();
  await decode!.close();
  return problems;
}

/** The first rows of the growing input, and of its mask. */
function upTo(given: Tensors, input: string, count: number, real: number): Tensors {
  const mask = rows(resultOf(given[`${input}.present`]!), 0, real);
  const present = new Tensor('bool', Uint8Array.from(Array.from(mask.data)), [...mask.shape]);
  return { ...inputRows(given, input, 0, count), [`${input}.present`]: present };
}
