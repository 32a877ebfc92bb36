// node warm.mjs SPECS OUT: builds all specs of a folder twice in one process, and prints the milliseconds of CPU time of
// both runs as JSON. The second must find everything up to date.
import { main } from '../../compiler/dist/cli/main.js';

const [specs, out] = process.argv.slice(2);

async function build() {
  let said = '';
  const quiet = { write: () => {}, isTerminal: false, columns: 100 };
  const stderr = { ...quiet, write: (text) => (said += text) };
  const signal = new AbortController().signal;
  const io = { stdout: quiet, stderr, readStdin: async () => '', cwd: process.cwd(), env: {}, signal };
  const before = process.cpuUsage();
  const exitCode = await main(['build', specs, '--out', out], io);
  const { user, system } = process.cpuUsage(before);
  if (exitCode !== 0) throw new Error(said);
  return { time: (user + system) / 1000, said };
}

const first = await build();
const second = await build();
if (!/^0 files written, [1-9]/.test(second.said)) throw new Error(`a second build is not up to date: ${second.said}`);
console.log(JSON.stringify({ first: first.time, second: second.time }));
