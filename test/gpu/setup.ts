import { installWebGPU } from '@tfm-lang/runtime/node';
import { loadSwiftShader } from '../../scripts/swiftshader.mjs';
import { allowsNoAdapter, noAdapter } from './runner.js';

// Runs before the imports of every test file here: tfjs's WebGPU backend registers itself at import time, where
// `navigator.gpu` must already be there. It still is where a file ran before in the same process.
loadSwiftShader();
const isThere = Boolean((globalThis.navigator as { readonly gpu?: GPU } | undefined)?.gpu);
if (!isThere && !(await installWebGPU()) && !allowsNoAdapter)
  throw new Error(`${noAdapter} Set TFM_ALLOW_NO_WEBGPU=1 to have them reported as skipped.`);
