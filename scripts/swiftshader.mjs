// A WebGPU adapter for tests and demos on any machine: SwiftShader (Vulkan on the CPU) as @sparticuz/chromium carries it,
// linux-x64 only. On macOS and Windows Dawn finds Metal or Direct3D 12 itself. TFM_GPU=system asks for the machine's own.
import os from 'node:os';
import path from 'node:path';
import { hasChromiumPackage, unpackSwiftShader } from './chromium-package.mjs';

/** Whether this machine uses SwiftShader rather than the system's own adapter. */
export function usesSwiftShader() {
  return hasChromiumPackage && process.env.TFM_GPU !== 'system';
}

/**
 * Environment variables with which a child process (for example `tfm run --backend webgpu`) finds the adapter.
 * @returns {Record<string, string>} empty where the system's own adapter is used
 */
export function swiftshaderEnvironment() {
  if (!usesSwiftShader()) return {};
  const folder = unpackSwiftShader();
  const driver = path.join(folder, 'vk_swiftshader_icd.json');
  const libraries = [folder, process.env.LD_LIBRARY_PATH].filter(Boolean).join(':');
  return { VK_ICD_FILENAMES: driver, VK_DRIVER_FILES: driver, LD_LIBRARY_PATH: libraries };
}

/** Makes SwiftShader visible to Dawn in this process; call before `installWebGPU()` of @tfm-lang/runtime/node. */
export function loadSwiftShader() {
  if (!usesSwiftShader()) return;
  const { VK_ICD_FILENAMES, VK_DRIVER_FILES } = swiftshaderEnvironment();
  Object.assign(process.env, { VK_ICD_FILENAMES, VK_DRIVER_FILES });
  const { RTLD_NOW, RTLD_GLOBAL } = os.constants.dlopen;
  const RTLD_NODELETE = 0x1000;
  try {
    process.dlopen(
      { exports: {} },
      path.join(unpackSwiftShader(), 'libvulkan.so.1'),
      RTLD_NOW | RTLD_GLOBAL | RTLD_NODELETE,
    );
  } catch (error) {
    // A plain library is no Node add-on, and Node says so; it is loaded all the same, which is what Dawn needs.
    if (!/did not self-register/.test(error.message)) throw error;
  }
}
