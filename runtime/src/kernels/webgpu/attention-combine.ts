import type { TensorInfo } from '@tensorflow/tfjs';
import type { AttentionShape } from './attention-shape.js';
import type { GpuBackend } from './backend.js';
import { dispatch } from './dispatch.js';
import { present, workgroupsFor } from './kernel.js';
import { mainOf64, workgroupIndex } from './vectors.js';

/** What is known of each row [B · G · rows] in each split of the keys. */
interface Splits {
  /** Σ weight · value, [row, room, d_v]. */
  readonly sums: TensorInfo;
  /** The largest score and Σ weight, [row, room, 2]. */
  readonly stats: TensorInfo;
  readonly sinks: TensorInfo | undefined;
  readonly splits: number;
  /** Splits that there is room for. */
  readonly room: number;
}

/** The result [B, Tq, H, d_v] of attention over splits of the keys, one workgroup for each row. */
export function combineSplits(
  { sums, stats, sinks, splits, room }: Splits,
  { batch, queries, heads, group, rows, valueWidth }: AttentionShape,
  result: TensorInfo,
  backend: GpuBackend,
): void {
  dispatch(backend, {
    name: 'attention of few queries, all keys together',
    constants: {},
    reads: present({
      sums: { of: sums, as: 'f32' },
      stats: { of: stats, as: 'vec2f' },
      sinks: sinks && { of: sinks, as: 'f32' },
    }),
    writes: { result: { of: result, as: 'f32' } },
    integers: { count: batch * queries * heads, queries, heads, group, rows, width: valueWidth, splits, room },
    workgroups: workgroupsFor(batch * queries * heads),
    code: () => code(sinks !== undefined),
  });
}

const code = (sinks: boolean) => `
${workgroupIndex}

${mainOf64}
  let at = workgroupIndex(group, groups); // (batch, query, head)
  if (at >= uniforms.count) { return; }
  let head = at % uniforms.heads;
  let query = at / uniforms.heads % uniforms.queries;
  let batch = at / (uniforms.heads * uniforms.queries);
  let keyHead = batch * (uniforms.heads / uniforms.group) + head / uniforms.group;
  let first = (keyHead * uniforms.rows + query * uniforms.group + head % uniforms.group) * uniforms.room;

  var largest = -1e30;
  ${sinks ? 'largest = max(largest, sinks[head]);' : ''}
  for (var split = first; split < first + uniforms.splits; split++) { largest = max(largest, stats[split].x); }
  var total = 0.0;
  ${sinks ? 'if (sinks[head] > -5e29) { total = exp(sinks[head] - largest); }' : ''}
  for (var split = first; split < first + uniforms.splits; split++) {
    total += exp(stats[split].x - largest) * stats[split].y;
  }
  let factor = select(0.0, 1 / total, total > 0); // 0: the row sees no key
  for (var n = i32(thread); n < uniforms.width; n += 64) {
    var sum = 0.0;
    for (var split = first; split < first + uniforms.splits; split++) {
      sum += exp(stats[split].x - largest) * sums[split * uniforms.width + n];
    }
    result[at * uniforms.width + n] = sum * factor;
  }
}
`;
