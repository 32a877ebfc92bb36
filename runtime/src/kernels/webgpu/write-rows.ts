import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import type { Cache, RowsToWrite } from '../cache.js';

type Program = Parameters<WebGPUBackend['runWebGPUProgram']>[0];

/**
 * One small kernel that writes into the buffer of the cache, recorded into tfjs's own pass: copies between buffers
 * would end that pass, and there would be one for each head.
 */
export function writeRowsWebGpu(cache: Cache, { rows, starts }: RowsToWrite): void {
  const backend = tf.backend() as WebGPUBackend;
  const first = tf.tensor1d([...starts], 'int32');
  backend.runWebGPUProgram(program(rows), [rows, first], 'float32', [], cache.tensor);
  first.dispose();
}

function program(rows: Tensor): Program {
  const workgroupSize: [number, number, number] = [64, 1, 1];
  const groups = Math.ceil(rows.size / 64);
  const across = Math.min(groups, 65_535);
  return {
    variableNames: ['rows', 'starts'],
    outputShape: [...rows.shape],
    shaderKey: 'tfm_write_rows',
    dispatchLayout: { x: [0, 1, 2, 3] },
    dispatch: [across, Math.ceil(groups / across), 1],
    workgroupSize,
    size: true,
    getUserCode: () => writeRows,
  } as unknown as Program;
}

const writeRows = `
  fn main(index: i32) {
    if (index >= uniforms.size) { return; }
    let length = uniforms.rowsShape[1];
    let heads = uniforms.rowsShape[2];
    let width = uniforms.rowsShape[3];
    let column = index % width;
    let head = (index / width) % heads;
    let row = (index / (width * heads)) % length;
    let batch = index / (width * heads * length);
    let position = (batch * heads + head) * uniforms.outShape[2] + starts[batch] + row;
    result[position * width + column] = rows[index];
  }
`;
