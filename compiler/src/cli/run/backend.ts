import type { Context } from '../context.js';
import { inputFailure } from '../exit.js';
import type { LoadedModule } from './model-module.js';

type Backend = 'webgpu' | 'wasm' | 'cpu';

/**
 * Starts the backend that was asked for; without a wish WebGPU on a GPU, else wasm, which is faster than a WebGPU that only
 * imitates one. Says on standard error which it is.
 */
export async function startBackend(
  { runtime }: LoadedModule,
  { backend: wish, threads }: { readonly backend?: Backend; readonly threads?: number },
  { io }: Context,
): Promise<void> {
  const started = performance.now();
  const { backend, why } = wish ? await asked(wish) : await chosen();
  const active = await runtime.useBackend(backend, { threads });
  io.stderr.write(`backend ${active}${why} (${Math.round(performance.now() - started)} ms)\n`);
}

interface Choice {
  readonly backend: Backend;
  readonly why: string;
}

async function asked(backend: Backend): Promise<Choice> {
  if (backend === 'webgpu' && !(await (await import('@tfm-lang/runtime/node')).installWebGPU())) {
    const drivers = 'a Vulkan, Metal or Direct3D 12 driver must be there; --backend wasm needs no GPU';
    throw inputFailure('there is no WebGPU adapter', drivers);
  }
  return { backend, why: '' };
}

async function chosen(): Promise<Choice> {
  const { describeAdapter, installWebGPU } = await import('@tfm-lang/runtime/node');
  // The package webgpu is optional, and on some systems it does not load.
  const installed = await installWebGPU().catch(() => false);
  const adapter = installed ? await describeAdapter() : undefined;
  if (adapter && !adapter.software) return { backend: 'webgpu', why: ` on ${adapter.name}` };
  return { backend: 'wasm', why: adapter ? `: ${adapter.name} is no GPU` : ': no GPU was found' };
}
