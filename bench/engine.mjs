// @ts-check
// The process of one engine: it is told what to do by the bench (`lib/processes.mjs`) and measures itself.
import fs from 'node:fs';

/** @import { Job, Runner, Sample } from './lib/types.js' */

/** @type {Record<Job['engine'], () => Promise<{ start(job: Job): Promise<Runner> }>>} */
const engines = {
  wasm: () => import('./engines/generated.mjs'),
  'wasm-relaxed': () => import('./engines/generated.mjs'),
  webgpu: () => import('./engines/generated.mjs'),
  stock: () => import('./engines/stock.mjs'),
  'ort-web': () => import('./engines/onnx.mjs'),
  'ort-node': () => import('./engines/onnx.mjs'),
  'ort-webgpu': () => import('./engines/onnx.mjs'),
};

/** @type {Runner | undefined} */
let runner;

function ready() {
  if (!runner) throw new Error('it was not started');
  return runner;
}

/** @returns {Promise<Sample>} */
async function measured() {
  await ready().prepare();
  const before = process.cpuUsage();
  const started = performance.now();
  await ready().run();
  const wall = performance.now() - started;
  const { user, system } = process.cpuUsage(before);
  return { cpu: (user + system) / 1000, wall };
}

/** On Linux `maxRSS` begins at what the parent held when it started this process; the kernel's high-water mark does not. */
function mostMemory() {
  const status = process.platform === 'linux' ? fs.readFileSync('/proc/self/status', 'utf8') : '';
  const kibibytes = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1];
  return 1024 * (kibibytes === undefined ? process.resourceUsage().maxRSS : Number(kibibytes));
}

const actions = {
  /** @param {{ job: Job }} request */
  async start({ job }) {
    const started = performance.now();
    runner = await (await engines[job.engine]()).start(job);
    await runner.prepare();
    await runner.run();
    return { firstCall: performance.now() - started };
  },
  run: measured,
  /** @param {{ file: string }} request */
  async write({ file }) {
    await ready().prepare();
    const out = fs.openSync(file, 'w');
    for (const { buffer, byteOffset, byteLength } of await ready().run())
      fs.writeSync(out, new Uint8Array(buffer, byteOffset, byteLength));
    fs.closeSync(out);
  },
  memory: async () => mostMemory(),
};

process.on('message', (/** @type {any} */ request) => {
  const action = actions[/** @type {keyof typeof actions} */ (request.do)];
  action(request).then(
    (answer) => process.send?.({ answer }),
    (error) => process.send?.({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  );
});
process.on('disconnect', () => process.exit());
