// @ts-check
// The .wasm files of tfjs, which in a bundle lie beside the programs.
import path from 'node:path';
import { bundle, programs } from './places.mjs';

/** @returns {{ wasmPaths?: string }} */
export const wasmOptions = () => (bundle ? { wasmPaths: `${path.dirname(programs.engine)}${path.sep}` } : {});
