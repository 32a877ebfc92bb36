import type { TensorInfo } from '@tensorflow/tfjs';
import type { TurnHeadsAttributes } from '../turn-heads.js';
import type { GpuBackend } from './backend.js';
import { dispatch } from './dispatch.js';
import { countOf, present, workgroupsFor } from './kernel.js';
import { mainOf64, workgroupIndex } from './vectors.js';

/**
 * [query [B, T, H, d], key [B, T, G, d], cos, sin, then value [B, T, G, d_v] and the caches of keys and values, or none of
 * them] → [query, key] turned.
 */
export function turnHeads(
  [query, key, cos, sin, value, keys, values]: readonly (TensorInfo | undefined)[],
  { pairs, starts }: TurnHeadsAttributes,
  backend: GpuBackend,
): TensorInfo[] {
  const [, length, heads, width] = query!.shape as [number, number, number, number];
  const keyHeads = key!.shape[2]!;
  const turning = cos!.shape.at(-1)!;
  const turnedQuery = backend.makeTensorInfo(query!.shape, 'float32');
  const turnedKey = backend.makeTensorInfo(key!.shape, 'float32');
  const [queries, all] = [countOf(query!.shape), countOf(query!.shape) + countOf(key!.shape)];
  const ownRows = countOf(cos!.shape) > length * turning;
  const numbers = value ? all + countOf(value.shape) : all;
  const as = 'f32' as const;
  dispatch(backend, {
    name: values ? 'rotary of queries and keys, cache rows' : 'rotary of queries and keys',
    constants: { INTERLEAVED: Number(pairs === 'interleaved') },
    reads: present({
      query: { of: query!, as },
      key: { of: key!, as },
      cosines: { of: cos!, as },
      sines: { of: sin!, as },
      value: value && { of: value, as },
      starts: values && { of: Int32Array.from(starts()), as: 'i32' },
    }),
    writes: {
      turnedQuery: { of: turnedQuery, as },
      turnedKey: { of: turnedKey, as },
      ...(keys && values ? { keys: { of: keys, as }, values: { of: values, as } } : {}),
    },
    integers: {
      ...{ queries, all, numbers, length, heads, keyHeads, width, turning },
      ...{ tableRows: ownRows ? countOf(cos!.shape) / turning : length, capacity: keys?.shape[2] ?? 0 },
      valueWidth: value?.shape[3] ?? 0,
    },
    workgroups: workgroupsFor(Math.ceil(numbers / 64)),
    code: () => code(values !== undefined),
  });
  return [turnedQuery, turnedKey];
}

const code = (stores: boolean) => `
${workgroupIndex}

struct Turn { partner: i32, cosine: f32, sine: f32 }

/** How number i of rows [B, T, heads, width] turns; the sign of a pair's first feature is in the table of sines. */
fn turnOf(i: i32, heads: i32) -> Turn {
  let feature = i % uniforms.width;
  if (feature >= uniforms.turning) { return Turn(i, 1, 0); }
  let half = uniforms.turning / 2;
  var partner = select(feature - half, feature + half, feature < half);
  if (INTERLEAVED == 1) { partner = feature ^ 1; }
  let row = i / (uniforms.width * heads) % uniforms.tableRows; // of the tables, which know no heads
  let at = row * uniforms.turning + feature;
  return Turn(i - feature + partner, cosines[at], sines[at]);
}
${
  stores
    ? `
/** Where number i of rows [B, T, G, width] goes in [B, G, capacity, width]. */
fn place(i: i32, width: i32) -> i32 {
  let head = i / width % uniforms.keyHeads;
  let row = i / (width * uniforms.keyHeads) % uniforms.length;
  let batch = i / (width * uniforms.keyHeads * uniforms.length);
  return ((batch * uniforms.keyHeads + head) * uniforms.capacity + starts[batch] + row) * width + i % width;
}`
    : ''
}

${mainOf64}
  let n = workgroupIndex(group, groups) * 64 + i32(thread);
  if (n < uniforms.queries) {
    let turn = turnOf(n, uniforms.heads);
    turnedQuery[n] = query[n] * turn.cosine + query[turn.partner] * turn.sine;
  } else if (n < uniforms.all) {
    let i = n - uniforms.queries;
    let turn = turnOf(i, uniforms.keyHeads);
    let turned = key[i] * turn.cosine + key[turn.partner] * turn.sine;
    turnedKey[i] = turned;
    ${stores ? 'keys[place(i, uniforms.width)] = turned;' : ''}
  }${
    stores
      ? ` else if (n < uniforms.numbers) {
    let i = n - uniforms.all;
    values[place(i, uniforms.valueWidth)] = value[i];
  }`
      : ''
  }
}
`;
