export {
  type AdapterDescription,
  describeAdapter,
  type InstallOptions,
  installWebGPU,
} from './device/install-webgpu.js';
export type { KernelRun } from './kernel-list/imagined-gpu.js';
export { type KernelList, type KernelListOptions, type ListedClass, listKernels } from './kernel-list/list.js';
export { folderStore } from './weights/node-store.js';
