import type { TensorInfo } from '@tensorflow/tfjs';
import type { GpuBackend } from '../../kernels/webgpu/backend.js';

/** A shader of tfjs once it has run. */
export interface StockProgram {
  readonly pipeline: GPUComputePipeline;
  readonly dispatch: readonly [number, number?, number?];
}

/** Uniforms of a shader of tfjs: a buffer of their own. */
export interface StockUniforms {
  readonly buffer: GPUBuffer;
  readonly offset: number;
  readonly size: number;
}

/** The methods of tfjs's WebGPU backend that a capture looks into. */
export interface StockBackend extends Omit<GpuBackend, 'makeTensorInfo' | 'tensorMap' | 'bufferManager'> {
  readonly tensorMap: GpuBackend['tensorMap'] & { has(dataId: object): boolean };
  readonly bufferManager: GpuBackend['bufferManager'] & { releaseBuffer(buffer: GPUBuffer): void };
  makeTensorInfo(shape: readonly number[], dtype: string): TensorInfo;
  write(values: unknown, shape: number[], dtype: string): object;
  makeUniforms(fields: unknown): StockUniforms;
  tensorToBinding(tensor: TensorInfo): unknown;
  runWebGPUProgram(program: StockProgram, inputs: readonly TensorInfo[], ...rest: readonly unknown[]): TensorInfo;
  read(dataId: object): Promise<unknown>;
  readSync(dataId: object): unknown;
  readToGPU(dataId: object): unknown;
  createTensorFromGPUData(data: unknown, shape: number[], dtype: string): unknown;
}
