// Needs nothing but Node: `node scripts/setup.mjs [script …]` installs when the lock file changed, builds when a source
// changed, then runs the script. Two at once are safe.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { fileURLToPath } from 'node:url';

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`tfm needs Node 20.19 or newer; this is ${process.version}`);
  process.exit(1);
}
process.chdir(fileURLToPath(new URL('..', import.meta.url)));

const packages = ['grammar', 'compiler', 'runtime'];
const outputs = ['grammar/dist/bundle.js', 'compiler/dist/index.js', 'runtime/dist/wasm/NOTICE.txt'];

/** @param {string} file */
const read = (file) => (fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : '');

/** Runs a command and ends this process with its status when it fails. */
function run(command, args) {
  // npm is npm.cmd on Windows, which needs a shell.
  const shell = process.platform === 'win32' && command === 'npm';
  const { status } = spawnSync(command, args, { stdio: 'inherit', shell });
  if (status !== 0) process.exit(status ?? 1);
}

/** Every source file below a folder; generated and built ones are left out. */
function sources(folder) {
  if (!fs.existsSync(folder)) return [];
  return fs.readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (/^(node_modules|dist|\..*)$|\.gen\.ts$/.test(entry.name)) return [];
    const file = `${folder}/${entry.name}`;
    return entry.isDirectory() ? sources(file) : [file];
  });
}

function hash(files) {
  const sum = createHash('sha256').update(process.platform + process.arch);
  for (const file of files.sort()) sum.update(`${file}\0`).update(read(file));
  return sum.digest('hex');
}

/** Waits until no other process holds the lock file, then holds it; returns the release. */
function acquire(file) {
  const release = () => fs.rmSync(file, { force: true });
  for (;;) {
    try {
      fs.writeFileSync(file, String(process.pid), { flag: 'wx' });
      process.on('exit', release);
      return () => {
        process.off('exit', release);
        release();
      };
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
      if (!isAlive(Number(read(file)))) release();
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
    }
  }
}

function isAlive(pid) {
  if (!pid) return true; // just created and not yet written
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code !== 'ESRCH';
  }
}

fs.mkdirSync('.cache', { recursive: true });
const release = acquire('.cache/setup.lock');
const locked = hash(['package-lock.json', '.npmrc']);
if (read('node_modules/.setup') !== locked) {
  // --loglevel, because `npm run -s` would hide npm's own errors.
  run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']);
  fs.writeFileSync('node_modules/.setup', locked);
}
const built = hash([
  ...['specs', 'scripts', ...packages].flatMap(sources),
  'package-lock.json',
  'tsconfig.json',
  'tsconfig.base.json',
]);
if (read('.cache/built') !== built || !outputs.every((file) => fs.existsSync(file))) {
  run(process.execPath, ['scripts/build.mjs']);
  fs.writeFileSync('.cache/built', built);
}
release();
if (process.argv[2]) run(process.execPath, process.argv.slice(2));
