/** One run of a compute shader on a device that computes nothing. */
export interface KernelRun {
  /** What the shader is called: ours are named after what they compute, tfjs's after their program. */
  readonly kernel: string;
  readonly workgroups: readonly [x: number, y: number, z: number];
  /** Of the buffers that it reads and writes, weights and caches among them. */
  readonly bytes: number;
}

/** A GPU without memory and without arithmetic, of modest limits, which notes what it is told to run. */
export interface ImaginedGpu {
  readonly adapter: GPUAdapter;
  /** What was run since the last call. */
  take(): KernelRun[];
}

interface ImaginedBuffer {
  readonly size: number;
}

interface ImaginedBindGroup {
  readonly bytes: number;
}

/** What the WebGPU backend of tfjs and our kernels call; everything else is not there, and would be an error. */
export function imaginedGpu(): ImaginedGpu {
  let runs: KernelRun[] = [];
  const device = {
    features: new Set<string>(),
    limits,
    lost: new Promise(() => undefined),
    queue: { writeBuffer: nothing, submit: nothing },
    addEventListener: nothing,
    destroy: nothing,
    createBuffer: ({ size, usage }: GPUBufferDescriptor) => imaginedBuffer(size, usage),
    createBindGroupLayout: nothing,
    createPipelineLayout: nothing,
    createShaderModule: ({ label }: GPUShaderModuleDescriptor) => ({ label }),
    createComputePipeline: ({ label, compute }: GPUComputePipelineDescriptor) => ({
      label: label ?? compute.module.label,
      getBindGroupLayout: nothing,
    }),
    createBindGroup: ({ entries }: GPUBindGroupDescriptor): ImaginedBindGroup => ({ bytes: boundBytes(entries) }),
    createCommandEncoder: () => ({
      beginComputePass: () => imaginedPass((run) => runs.push(run)),
      copyBufferToBuffer: nothing,
      finish: nothing,
    }),
  };
  const info = { vendor: '', architecture: '', device: '', description: 'imagined' };
  const adapter = { features: device.features, limits, info, requestDevice: async () => device };
  return {
    adapter: adapter as unknown as GPUAdapter,
    take: () => {
      const taken = runs;
      runs = [];
      return taken;
    },
  };
}

function imaginedPass(note: (run: KernelRun) => void) {
  let kernel = '';
  let bytes = 0;
  return {
    setPipeline: ({ label }: GPUComputePipeline) => {
      kernel = label;
    },
    setBindGroup: (_: number, group: ImaginedBindGroup) => {
      bytes = group.bytes;
    },
    dispatchWorkgroups: (x: number, y = 1, z = 1) => note({ kernel, workgroups: [x, y, z], bytes }),
    end: nothing,
  };
}

/** tfjs asks with `instanceof` whether a buffer is one: the class is on `globalThis` while a list is made. */
function imaginedBuffer(size: number, usage: number): ImaginedBuffer {
  const buffer = {
    size,
    usage,
    getMappedRange: () => new ArrayBuffer(size),
    unmap: nothing,
    destroy: nothing,
  };
  return Object.setPrototypeOf(buffer, GPUBuffer.prototype) as ImaginedBuffer;
}

function boundBytes(entries: Iterable<GPUBindGroupEntry>): number {
  let bytes = 0;
  for (const { resource } of entries) {
    const { buffer, size = buffer.size } = resource as GPUBufferBinding;
    bytes += size;
  }
  return bytes;
}

function nothing(): void {}

/** What browsers grant on a desktop without being asked for more: little memory in a workgroup, ten arrays for a shader. */
const limits = {
  maxBufferSize: Number.MAX_SAFE_INTEGER,
  maxStorageBufferBindingSize: Number.MAX_SAFE_INTEGER,
  maxComputeWorkgroupStorageSize: 16_384,
  maxComputeWorkgroupsPerDimension: 65_535,
  maxComputeWorkgroupSizeX: 256,
  maxComputeInvocationsPerWorkgroup: 256,
  maxStorageBuffersPerShaderStage: 10,
};

/** What WebGPU puts on `globalThis`, where a process has none of it. Numbers as in the specification. */
const globals: Readonly<Record<string, unknown>> = {
  GPUBuffer: class {},
  GPUTexture: class {},
  GPUBufferUsage: {
    ...{ MAP_READ: 1, MAP_WRITE: 2, COPY_SRC: 4, COPY_DST: 8, INDEX: 16, VERTEX: 32, UNIFORM: 64, STORAGE: 128 },
    ...{ INDIRECT: 256, QUERY_RESOLVE: 512 },
  },
  GPUShaderStage: { VERTEX: 1, FRAGMENT: 2, COMPUTE: 4 },
  GPUMapMode: { READ: 1, WRITE: 2 },
};

/** Runs with what tfjs looks for on `globalThis` before it believes in WebGPU; afterwards it is as it was. */
export async function withWebGpuGlobals<T>(run: () => Promise<T>): Promise<T> {
  const { navigator = {} } = globalThis as { navigator?: object };
  const wanted = { ...globals, navigator: Object.create(navigator, { gpu: { value: {} } }) as object };
  const before = Object.keys(wanted).map((name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)] as const);
  for (const [name, value] of Object.entries(wanted)) {
    if (name in globalThis && name !== 'navigator') continue;
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  }
  try {
    return await run();
  } finally {
    for (const [name, descriptor] of before) {
      if (descriptor) Object.defineProperty(globalThis, name, descriptor);
      else Reflect.deleteProperty(globalThis, name);
    }
  }
}
