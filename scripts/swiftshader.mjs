// A WebGPU adapter for tests and demos on any machine: SwiftShader (Vulkan on the CPU) as @sparticuz/chromium carries it,
// linux-x64 only. On macOS and Windows Dawn finds Metal or Direct3D 12 itself. TFM_GPU=system asks for the machine's own.
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import zlib from 'node:zlib';

const cache = fileURLToPath(new URL('../.cache', import.meta.url));
const wanted = /(?:libvk_swiftshader\.so|libvulkan\.so\.1|vk_swiftshader_icd\.json)$/;

/** Whether this machine uses SwiftShader rather than the system's own adapter. */
export function usesSwiftShader() {
  return process.platform === 'linux' && process.arch === 'x64' && process.env.TFM_GPU !== 'system';
}

/**
 * Unpacks SwiftShader once and returns its folder.
 * @returns {string}
 */
function unpack() {
  const folder = path.join(cache, 'swiftshader-147.0.0');
  if (fs.existsSync(folder)) return folder;
  const module = createRequire(import.meta.url).resolve('@sparticuz/chromium');
  const archive = fs.readFileSync(path.join(path.dirname(module), '../../bin/swiftshader.tar.br'));
  fs.mkdirSync(cache, { recursive: true });
  const fresh = fs.mkdtempSync(path.join(cache, 'swiftshader-'));
  for (const { name, data } of tarEntries(zlib.brotliDecompressSync(archive)))
    if (wanted.test(name)) fs.writeFileSync(path.join(fresh, path.basename(name)), data, { mode: 0o755 });
  try {
    fs.renameSync(fresh, folder);
  } catch {
    fs.rmSync(fresh, { recursive: true }); // another process was first
  }
  return folder;
}

/** The files of a tar archive: 512-byte headers with the name at 0 and the size, in octal, at 124. */
function* tarEntries(tar) {
  for (let offset = 0; offset + 512 <= tar.length; ) {
    const name = tar.toString('latin1', offset, offset + 100).replace(/\0.*$/, '');
    if (!name) return;
    const size = Number.parseInt(tar.toString('latin1', offset + 124, offset + 136), 8);
    yield { name, data: tar.subarray(offset + 512, offset + 512 + size) };
    offset += 512 + Math.ceil(size / 512) * 512;
  }
}

/**
 * Environment variables with which a child process (for example `tfm run --backend webgpu`) finds the adapter.
 * @returns {Record<string, string>} empty where the system's own adapter is used
 */
export function swiftshaderEnvironment() {
  if (!usesSwiftShader()) return {};
  const folder = unpack();
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
    process.dlopen({ exports: {} }, path.join(unpack(), 'libvulkan.so.1'), RTLD_NOW | RTLD_GLOBAL | RTLD_NODELETE);
  } catch (error) {
    // A plain library is no Node add-on, and Node says so; it is loaded all the same, which is what Dawn needs.
    if (!/did not self-register/.test(error.message)) throw error;
  }
}
