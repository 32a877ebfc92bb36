export {
  type AdapterDescription,
  describeAdapter,
  type InstallOptions,
  installWebGPU,
} from './device/install-webgpu.js';
export { folderStore } from './weights/node-store.js';
