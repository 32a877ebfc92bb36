// What the package @sparticuz/chromium carries (linux-x64 only): a headless Chromium, SwiftShader, and the libraries that
// Chromium needs beside libc. Its own `executablePath()` unpacks into the system's temporary folder, where a second
// process finds files that are not yet whole; here a folder appears when everything is in it.
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import zlib from 'node:zlib';

const cache = fileURLToPath(new URL('../.cache', import.meta.url));
const version = '147.0.0';

/** Whether the package's programs run on this machine. */
export const hasChromiumPackage = process.platform === 'linux' && process.arch === 'x64';

/** @param {string} name a file in the package's folder `bin` */
function decompressed(name) {
  const module = createRequire(import.meta.url).resolve('@sparticuz/chromium');
  return zlib.brotliDecompressSync(fs.readFileSync(path.join(path.dirname(module), '../../bin', name)));
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
 * A folder in .cache, filled once; two processes at once are safe.
 * @param {string} name
 * @param {(folder: string) => void} fill
 */
function filledOnce(name, fill) {
  const folder = path.join(cache, `${name}-${version}`);
  if (fs.existsSync(folder)) return folder;
  fs.mkdirSync(cache, { recursive: true });
  const fresh = fs.mkdtempSync(path.join(cache, `${name}-`));
  fill(fresh);
  try {
    fs.renameSync(fresh, folder);
  } catch {
    fs.rmSync(fresh, { recursive: true }); // another process was first
  }
  return folder;
}

/** The files whose names match go into the folder itself. */
function extract(archive, folder, wanted) {
  for (const { name, data } of tarEntries(decompressed(archive)))
    if (wanted.test(name)) fs.writeFileSync(path.join(folder, path.basename(name)), data, { mode: 0o755 });
}

/** The folder of SwiftShader and the Vulkan loader: what Dawn in Node needs. */
export function unpackSwiftShader() {
  return filledOnce('swiftshader', (folder) =>
    extract('swiftshader.tar.br', folder, /(?:libvk_swiftshader\.so|libvulkan\.so\.1|vk_swiftshader_icd\.json)$/),
  );
}

/** The folder of the program `chromium` and every library that it loads. */
export function unpackChromium() {
  return filledOnce('chromium', (folder) => {
    fs.writeFileSync(path.join(folder, 'chromium'), decompressed('chromium.br'), { mode: 0o755 });
    extract('swiftshader.tar.br', folder, /\.(?:so(?:\.\d+)?|json)$/);
    extract('al2023.tar.br', folder, /\.(?:so(?:\.\d+)?|chk)$/); // nss, nspr, expat
  });
}
