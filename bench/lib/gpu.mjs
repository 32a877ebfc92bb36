// @ts-check
// Whether this machine has a GPU, and with which environment its engines find it.
import path from 'node:path';
import { programs, vulkanFolder } from './places.mjs';
import { runNode } from './processes.mjs';

/**
 * @typedef {object} Gpu
 * @property {string} name
 * @property {boolean} software
 * @property {NodeJS.ProcessEnv} environment
 */

/**
 * The hardware adapter; a software one only where it is asked for.
 * @param {boolean} software
 * @returns {Promise<Gpu | undefined>}
 */
export async function findGpu(software) {
  const folder = await vulkanFolder();
  const loader = folder && { LD_LIBRARY_PATH: [process.env.LD_LIBRARY_PATH, folder].filter(Boolean).join(':') };
  if (software) {
    if (!folder) return undefined;
    const driver = path.join(folder, 'vk_swiftshader_icd.json');
    const environment = { ...process.env, ...loader, VK_ICD_FILENAMES: driver, VK_DRIVER_FILES: driver };
    return probe(environment);
  }
  // The machine's own Vulkan loader first; a machine with a driver and no loader is helped with ours.
  for (const environment of [process.env, ...(loader ? [{ ...process.env, ...loader }] : [])]) {
    const found = await probe(environment);
    if (found && !found.software) return found;
  }
  return undefined;
}

/**
 * In a process of its own: a driver that is broken takes only that one down.
 * @param {NodeJS.ProcessEnv} environment
 * @returns {Promise<Gpu | undefined>}
 */
async function probe(environment) {
  const found = await runNode([programs.adapter], environment).catch(() => ({ stdout: 'null' }));
  const adapter = JSON.parse(found.stdout.trim().split('\n').at(-1) ?? 'null');
  return adapter === null ? undefined : { ...adapter, environment };
}
