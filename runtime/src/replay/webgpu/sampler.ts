import type { TensorInfo } from '@tensorflow/tfjs';
import { guardedRead } from '../../device/read.js';
import type { Drawing, Drawn } from '../../generate/logits.js';
import { type Dispatch, pipelineOf, uniformWords } from '../../kernels/webgpu/dispatch.js';
import { Arena } from './arena.js';
import type { StockBackend } from './backend.js';
import { samplerCode } from './sampler-code.js';

const bytesPerDraw = 16;

/**
 * Draws the next token of each sequence where its logits are, and reads 16 bytes of each back. Its buffers are made once.
 */
export class DeviceSampler {
  readonly #backend: StockBackend;
  readonly #logits: TensorInfo;
  readonly #pipeline: GPUComputePipeline;
  readonly #bindGroup: GPUBindGroup;
  readonly #arena: Arena;
  readonly #result: GPUBuffer;
  readonly #staging: GPUBuffer;
  #isReading = false;
  #isDropped = false;

  /** @param logits [B, vocab] */
  constructor(backend: StockBackend, logits: TensorInfo) {
    const [batch = 1] = logits.shape;
    this.#backend = backend;
    this.#logits = logits;
    const bytes = batch * bytesPerDraw;
    const { acquireBuffer } = backend.bufferManager;
    const buffer = (usage: number) => acquireBuffer.call(backend.bufferManager, bytes, usage);
    this.#result = buffer(GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC);
    this.#staging = buffer(GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST);
    const draw = this.#dispatch({
      temperature: 1,
      topK: 1,
      topP: 1,
      minP: 0,
      scored: false,
      randoms: Array<number>(batch).fill(0),
    });
    this.#arena = new Arena(backend, [], smallDataOf(draw));
    const { pipeline, layout } = pipelineOf(backend.device, draw);
    this.#pipeline = pipeline;
    const [randoms, uniforms] = this.#arena.slots.map((slot) => ({ buffer: this.#arena.buffer, ...slot }));
    const given = { buffer: backend.tensorMap.get(logits.dataId).resource! };
    const resources = [{ buffer: this.#result }, given, randoms!, uniforms!];
    this.#bindGroup = backend.device.createBindGroup({
      label: draw.name,
      layout,
      entries: resources.map((resource, binding) => ({ binding, resource })),
    });
  }

  async draw(drawing: Drawing): Promise<Drawn[]> {
    const { device, queue } = this.#backend;
    const dispatch = this.#dispatch(drawing);
    for (const [i, data] of smallDataOf(dispatch).entries()) this.#arena.put(this.#arena.slots[i]!, data);
    this.#arena.upload();
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(this.#pipeline);
    pass.setBindGroup(0, this.#bindGroup);
    pass.dispatchWorkgroups(...dispatch.workgroups);
    pass.end();
    encoder.copyBufferToBuffer(this.#result, 0, this.#staging, 0, this.#staging.size);
    queue.submit([encoder.finish()]);
    return drawnOf(await guardedRead(() => this.#read()));
  }

  drop(): void {
    this.#isDropped = true;
    if (this.#isReading) return; // the reader does it
    const { bufferManager } = this.#backend;
    for (const buffer of [this.#result, this.#staging]) bufferManager.releaseBuffer(buffer);
    this.#arena.release();
  }

  async #read(): Promise<ArrayBuffer> {
    this.#isReading = true;
    try {
      await this.#staging.mapAsync(GPUMapMode.READ);
      const bytes = this.#staging.getMappedRange().slice(0);
      this.#staging.unmap();
      return bytes;
    } finally {
      this.#isReading = false;
      if (this.#isDropped) this.drop();
    }
  }

  #dispatch({ temperature, topK, topP, minP, scored, randoms }: Drawing): Dispatch {
    const [batch = 1, classes = 1] = this.#logits.shape;
    const isGreedy = temperature === 0;
    return {
      name: 'sampling',
      constants: {},
      reads: {
        logits: { of: this.#logits, as: 'i32' },
        randoms: { of: Int32Array.from(new Int32Array(Float32Array.from(randoms).buffer)), as: 'f32' },
      },
      writes: { result: { of: this.#logits, as: 'vec4i' } },
      integers: { classes, topK: isGreedy ? 1 : topK, scored: Number(scored) },
      floats: { temperature: isGreedy ? 1 : temperature, topP, minP },
      workgroups: [batch, 1, 1],
      code: () => samplerCode,
    };
  }
}

/** Random numbers, then uniforms. */
function smallDataOf(of: Dispatch): ArrayBuffer[] {
  const { randoms } = of.reads;
  return [(randoms!.of as Int32Array<ArrayBuffer>).buffer, uniformWords(of)];
}

function drawnOf(bytes: ArrayBuffer): Drawn[] {
  const [words, numbers] = [new Int32Array(bytes), new Float32Array(bytes)];
  return Array.from({ length: words.length / 4 }, (_, b) => {
    const wrong = words[4 * b + 2]!;
    return {
      token: words[4 * b]!,
      logProbability: numbers[4 * b + 1]!,
      isForbidden: (wrong & 1) !== 0,
      isBroken: (wrong & 2) !== 0,
    };
  });
}
