#!/usr/bin/env node
import module from 'node:module';

module.enableCompileCache?.(); // Node 22 and newer: the second start skips compiling the JavaScript
await import('../dist/cli/main.js');
