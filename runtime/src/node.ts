export { type InstallOptions, installWebGPU } from './device/install-webgpu.js';
