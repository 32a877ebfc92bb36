/** Runs as on a device that has no subgroups. */
export function withoutSubgroups<T>(device: GPUDevice, run: () => Promise<T>): Promise<T> {
  return restored(device, ['features'], () => {
    const { features } = device;
    const has = (feature: string) => feature !== 'subgroups' && features.has(feature);
    Object.defineProperty(device, 'features', { configurable: true, value: { has } });
    return run();
  });
}

/** Runs as on a device whose subgroups have so many threads: shaders of attention exchange numbers through memory instead. */
export function withSubgroupsOf<T>(size: number, device: GPUDevice, run: () => Promise<T>): Promise<T> {
  return withShaders(
    device,
    (code) => (code.startsWith('enable subgroups;') ? throughMemory(code) : code),
    () => {
      const value = { subgroupMinSize: size, subgroupMaxSize: size };
      return restored(device, ['adapterInfo'], () => {
        Object.defineProperty(device, 'adapterInfo', { configurable: true, value });
        return run();
      });
    },
  );
}

/** Runs with the code of every new shader replaced. */
export function withShaders<T>(
  device: GPUDevice,
  replaced: (code: string) => string,
  run: () => Promise<T>,
): Promise<T> {
  const make = device.createShaderModule.bind(device);
  const value: typeof make = (descriptor) => make({ ...descriptor, code: replaced(descriptor.code) });
  return restored(device, ['createShaderModule'], () => {
    Object.defineProperty(device, 'createShaderModule', { configurable: true, value });
    return run();
  });
}

/** Runs, and leaves properties of a device as they were before. */
async function restored<T>(device: GPUDevice, names: readonly string[], run: () => Promise<T>): Promise<T> {
  const own = names.map((name) => [name, Object.getOwnPropertyDescriptor(device, name)] as const);
  try {
    return await run();
  } finally {
    for (const [name, descriptor] of own) {
      if (descriptor) Object.defineProperty(device, name, descriptor);
      else Reflect.deleteProperty(device, name);
    }
  }
}

/** A workgroup as one subgroup, whatever the device has: WGSL of the built-in functions that the kernels of attention call. */
function throughMemory(code: string): string {
  const own = code
    .replace('enable subgroups;\n', '')
    .replace('@builtin(subgroup_invocation_id) thread', '@builtin(local_invocation_index) thread')
    .replace('let lane = i32(thread);', 'ownThread = thread; let lane = i32(thread);')
    .replaceAll('quadSwapY(select(v.zw', 'quadSwapYOfTwo(select(v.zw')
    .replaceAll('subgroupShuffleXor(', 'subgroupShuffleXorOfFour(');
  return `${own}
var<private> ownThread: u32;
var<workgroup> told: array<vec4f, LANES>;
var<workgroup> toldToAll: vec4f;

fn toldBy(v: vec4f, other: u32) -> vec4f {
  told[ownThread] = v;
  workgroupBarrier();
  let found = told[other];
  workgroupBarrier();
  return found;
}

fn subgroupShuffle(v: f32, other: u32) -> f32 { return toldBy(vec4f(v), other).x; }
fn subgroupShuffleXorOfFour(v: vec4f, mask: u32) -> vec4f { return toldBy(v, ownThread ^ mask); }
fn quadSwapX(v: f32) -> f32 { return toldBy(vec4f(v), ownThread ^ 1u).x; }
fn quadSwapY(v: f32) -> f32 { return toldBy(vec4f(v), ownThread ^ 2u).x; }
fn quadSwapYOfTwo(v: vec2f) -> vec2f { return toldBy(v.xyxy, ownThread ^ 2u).xy; }
fn quadBroadcast(v: f32, other: u32) -> f32 { return toldBy(vec4f(v), ownThread / 4 * 4 + other).x; }

/** The largest number and the sum. */
fn ofAll(v: f32) -> vec4f {
  told[ownThread] = vec4f(v);
  workgroupBarrier();
  if (ownThread == 0) {
    var found = vec4f(told[0].x, 0, 0, 0);
    for (var i = 0; i < LANES; i++) { found = vec4f(max(found.x, told[i].x), found.y + told[i].x, 0, 0); }
    toldToAll = found;
  }
  return workgroupUniformLoad(&toldToAll);
}

fn subgroupMax(v: f32) -> f32 { return ofAll(v).x; }
fn subgroupAdd(v: f32) -> f32 { return ofAll(v).y; }
fn subgroupAny(v: bool) -> bool { return ofAll(select(0.0, 1.0, v)).x > 0; }
`;
}
