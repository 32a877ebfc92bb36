export {
  type AdapterDescription,
  describeAdapter,
  type InstallOptions,
  installWebGPU,
} from './device/install-webgpu.js';
