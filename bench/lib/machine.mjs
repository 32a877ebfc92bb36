// @ts-check
// What the figures belong to.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { bundle, packages } from './places.mjs';
/** @import { Machine } from './types.js' */

export const measuredPackages = [
  '@tfm-lang/runtime',
  '@tensorflow/tfjs',
  '@tensorflow/tfjs-backend-wasm',
  '@tensorflow/tfjs-backend-webgpu',
  'onnxruntime-node',
  'onnxruntime-web',
  'webgpu',
];

/** @returns {Record<string, string>} */
export function packageVersions() {
  if (bundle) return bundle.packages;
  const version = (/** @type {string} */ name) =>
    JSON.parse(fs.readFileSync(path.join(packages, name, 'package.json'), 'utf8')).version;
  return Object.fromEntries(measuredPackages.map((name) => [name, version(name)]));
}

/**
 * @param {string | undefined} adapter
 * @returns {Machine}
 */
export const thisMachine = (adapter) => ({
  cpu: os.cpus()[0]?.model.trim() ?? 'unknown',
  cores: os.cpus().length,
  memory: os.totalmem(),
  platform: `${process.platform}-${process.arch}`,
  node: process.version,
  packages: packageVersions(),
  ...(adapter !== undefined && { adapter }),
});
