#!/usr/bin/env node
import module from 'node:module';

module.enableCompileCache?.(); // Node 22 and newer: the second start skips compiling the JavaScript
const { processIo } = await import('../dist/cli/io.js');
const { main, report } = await import('../dist/cli/main.js');

const io = processIo();
// A promise that nobody waited for, or an error in a callback: a mistake of ours.
for (const event of ['uncaughtException', 'unhandledRejection']) {
  process.on(event, (error) => process.exit(report(error, io)));
}
process.exitCode = await main(process.argv.slice(2), io);
