import { TfmError } from '../errors.js';

/** What went wrong on the device of the WebGPU backend, until somebody is told. */
interface DeviceState {
  error: TfmError | undefined;
  lost: TfmError | undefined;
  /** Checks of what lies on the device, which is read only later. */
  readonly checks: Set<Promise<void>>;
}

const states = new WeakMap<GPUDevice, DeviceState>();

/**
 * Notes errors of a device. WebGPU reports invalid shaders and buffers as events, after the call that made them: without
 * a listener stale numbers are read back in silence.
 */
export function watch(device: GPUDevice): void {
  if (states.has(device)) return;
  const state: DeviceState = { error: undefined, lost: undefined, checks: new Set() };
  states.set(device, state);
  device.addEventListener('uncapturederror', (event) => {
    event.preventDefault(); // told by the next `read`, not by the console
    state.error ??= new TfmError('TFM5502', `the GPU reported: ${event.error.message.trim()}`, adviceFor(event.error));
  });
  const whenLost = (info: GPUDeviceLostInfo) => {
    state.lost = new TfmError(
      'TFM5503',
      `the GPU device was lost (${info.reason || 'unknown reason'})${info.message ? `: ${info.message.trim()}` : ''}`,
      "all tensors on it are gone: call useBackend('webgpu') again, which takes a new device, then restoreWeights(model, copies) with what copyWeights(model) gave before, or load the model again",
    );
  };
  device.lost.then(whenLost, () => undefined);
}

/** What to do: less, where memory is out; else, because a shader or a call is wrong, the same elsewhere. */
function adviceFor(error: GPUError): string {
  const elsewhere = "useBackend('wasm') runs the same model without the GPU";
  const isMemory = typeof GPUOutOfMemoryError !== 'undefined' && error instanceof GPUOutOfMemoryError;
  if (isMemory)
    return `its memory is full: give a shorter sequence or a smaller batch, dispose what is not used; ${elsewhere}`;
  return `results since then are not to be trusted; ${elsewhere}`;
}

/** Notes a check of numbers on the device: where it rejects with a `TfmError`, the next `read` tells. */
export function checkLater(device: GPUDevice, check: Promise<void>): void {
  const state = states.get(device);
  if (!state) return;
  const noted = check
    .catch((error: unknown) => {
      // Anything else is the device's own error, which comes as an event.
      if (error instanceof TfmError) state.error ??= error;
    })
    .finally(() => state.checks.delete(noted));
  state.checks.add(noted);
}

/** Waits for the checks so far. */
export async function checked(device: GPUDevice): Promise<void> {
  await Promise.all(states.get(device)?.checks ?? []);
}

export function isLost(device: GPUDevice): boolean {
  return states.get(device)?.lost !== undefined;
}

/** The error to tell of now: a lost device always, any other once. */
export function takeError(device: GPUDevice): TfmError | undefined {
  const state = states.get(device);
  const error = state?.lost ?? state?.error;
  if (state) state.error = undefined;
  return error;
}
