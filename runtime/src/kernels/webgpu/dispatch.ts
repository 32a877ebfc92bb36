import type { TensorInfo } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { bufferOf, type GpuBackend } from './backend.js';
import { declarations, type ElementType } from './declarations.js';
import { activeRecorder } from './recorder.js';
import { smallData } from './small-data.js';

/** A tensor, or small data that is written for this dispatch, as an array of elements. */
export interface Operand {
  readonly of: TensorInfo | Int32Array<ArrayBuffer>;
  readonly as: ElementType;
}

/** One run of a compute shader. The names of constants, operands and uniforms are those that the code uses. */
export interface Dispatch {
  readonly name: string;
  /** Whether the code uses subgroups, which the device must have. */
  readonly subgroups?: boolean;
  /** Whether it has numbers of 16 bits, which the device must have, too. */
  readonly halves?: boolean;
  /** Whole numbers baked into the code. */
  readonly constants: Readonly<Record<string, number>>;
  readonly reads: Readonly<Record<string, Operand>>;
  readonly writes: Readonly<Record<string, Operand & { readonly of: TensorInfo }>>;
  /** Fields of `uniforms`. */
  readonly integers: Readonly<Record<string, number>>;
  readonly floats?: Readonly<Record<string, number>>;
  readonly workgroups: readonly [x: number, y: number, z: number];
  /** What the code depends on beside what is declared. */
  readonly key?: string;
  /** WGSL without the declarations. It depends on nothing but what is declared (constants, operands and uniforms) and the key. */
  readonly code: () => string;
}

/**
 * Records a dispatch into tfjs's own compute pass, so that it runs between its kernels, in order and without a submit of
 * its own. Errors of validation come as events of the device, which `read` tells of (device/gpu-errors.ts).
 */
export function dispatch(backend: GpuBackend, of: Dispatch): void {
  if (backend.again) {
    backend.again(of);
    return;
  }
  const operands = [...Object.values(of.writes), ...Object.values(of.reads)];
  // Tensors first: the numbers of one may be put off (lazy/tensor.ts) and be computed only now, which may submit, and small
  // data lies in its place no longer than until then.
  const buffers = operands.map(({ of: data }) => (ArrayBuffer.isView(data) ? undefined : bufferOf(backend, data)));
  const resources: GPUBufferBinding[] = operands.map(({ of: data }, i) =>
    ArrayBuffer.isView(data) ? smallData(backend, data.buffer) : { buffer: buffers[i]! },
  );
  resources.push(smallData(backend, uniformWords(of)));
  const { device } = backend;
  const { pipeline, layout } = pipelineOf(device, of);
  activeRecorder()?.dispatched(of, { pipeline, layout });
  const entries = resources.map((resource, binding) => ({ binding, resource }));
  const bindGroup = device.createBindGroup({ label: of.name, layout, entries });
  for (const { of: tensor } of operands) {
    if (!ArrayBuffer.isView(tensor)) backend.commandQueueOwnedIds.add(tensor.dataId);
  }
  const pass = computePass(backend);
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, bindGroup);
  pass.dispatchWorkgroups(...of.workgroups);
  backend.dispatchCountInPass++;
  if (backend.dispatchCountInPass < tf.env().getNumber('WEBGPU_DEFERRED_SUBMIT_BATCH_SIZE')) return;
  backend.endComputePassEncoder();
  backend.submitQueue();
}

function computePass(backend: GpuBackend): GPUComputePassEncoder {
  backend.ensureCommandEncoderReady();
  backend.computePassEncoder ??= backend.commandEncoder!.beginComputePass();
  return backend.computePassEncoder;
}

/** Integers, then floats, as `declarations` lays them out. */
export function uniformWords({ integers, floats = {} }: Dispatch): ArrayBuffer {
  const whole = Object.values(integers);
  const real = Object.values(floats);
  const words = new ArrayBuffer(Math.ceil((whole.length + real.length) / 4) * 16);
  new Int32Array(words).set(whole);
  new Float32Array(words).set(real, whole.length);
  return words;
}

export interface Pipeline {
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
}

const pipelines = new WeakMap<GPUDevice, Map<string, Pipeline>>();

/** The pipeline of a shader, made once for each device. Its declarations and its key say all that its code depends on. */
export function pipelineOf(device: GPUDevice, of: Dispatch): Pipeline {
  const ofDevice = pipelines.get(device) ?? new Map<string, Pipeline>();
  pipelines.set(device, ofDevice);
  const declared = declarations(of);
  const key = `${of.name}\n${of.key ?? ''}\n${declared}`;
  const known = ofDevice.get(key);
  if (known) return known;
  const made = makePipeline(device, of, declared);
  ofDevice.set(key, made);
  return made;
}

function makePipeline(device: GPUDevice, { name: label, reads, writes, code }: Dispatch, declared: string): Pipeline {
  const types: GPUBufferBindingType[] = [
    ...Object.keys(writes).map(() => 'storage' as const),
    ...Object.keys(reads).map(() => 'read-only-storage' as const),
    'uniform',
  ];
  // Not 'auto': that leaves out what the code does not use.
  const layout = device.createBindGroupLayout({
    label,
    entries: types.map((type, binding) => ({ binding, visibility: GPUShaderStage.COMPUTE, buffer: { type } })),
  });
  const pipeline = device.createComputePipeline({
    label,
    layout: device.createPipelineLayout({ label, bindGroupLayouts: [layout] }),
    compute: { module: device.createShaderModule({ label, code: `${declared}\n${code()}` }) },
  });
  return { pipeline, layout };
}
