// @ts-check
// node adapter.mjs: prints the GPU that WebGPU finds in this environment as JSON, null where there is none.
import { describeAdapter, installWebGPU } from '@tfm-lang/runtime/node';

const found = (await installWebGPU()) ? await describeAdapter() : undefined;
process.stdout.write(`${JSON.stringify(found ?? null)}\n`, () => process.exit());
