// @ts-check
// npm run bench: the cases on all engines, side by side. Progress goes to standard error, the table to standard output.
import { bench } from './lib/bench.mjs';

process.exitCode = await bench(process.argv.slice(2), process);
