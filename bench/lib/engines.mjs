// @ts-check
// What runs the cases.
/** @import { Engine } from './types.js' */

/** @type {readonly Engine[]} */
export const engines = [
  { name: 'wasm', title: 'generated, tfjs wasm', time: 'cpu', baseline: 'ort-web' },
  { name: 'wasm-relaxed', title: 'generated, tfjs wasm, relaxed SIMD', time: 'cpu', baseline: 'ort-web' },
  { name: 'stock', title: 'hand-written, tfjs wasm', time: 'cpu', baseline: 'ort-web' },
  {
    name: 'ort-web',
    title: 'onnxruntime-web wasm',
    time: 'cpu',
    baseline: 'ort-web',
    forms: ['attention', 'decomposed'],
  },
  { name: 'ort-node', title: 'onnxruntime-node', time: 'cpu', baseline: 'ort-web', forms: ['attention', 'decomposed'] },
  { name: 'webgpu', title: 'generated, tfjs WebGPU', time: 'wall', baseline: 'ort-webgpu' },
  {
    name: 'ort-webgpu',
    title: 'onnxruntime-node WebGPU',
    time: 'wall',
    baseline: 'ort-webgpu',
    forms: ['attention', 'decomposed'],
  },
];

/** Engines that need a GPU. */
export const isGpuEngine = (/** @type {Engine} */ { time }) => time === 'wall';
