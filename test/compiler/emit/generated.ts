import { createHash } from 'node:crypto';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { emitTypeScript } from '../../../compiler/src/emit/typescript/index.js';
import type { Graph } from '../../../compiler/src/graph/graph.js';

const modules = new WeakMap<Graph, Promise<unknown>>();

/** Emits a graph and imports what was emitted; once in a process. */
export async function generated<Module>(graph: Graph): Promise<Module> {
  const module = modules.get(graph) ?? imported(graph);
  modules.set(graph, module);
  return (await module) as Module;
}

async function imported(graph: Graph): Promise<unknown> {
  const { text } = await emitTypeScript(graph, { toolVersion: '0.1.0' });
  const folder = resolve('.cache/generated');
  mkdirSync(folder, { recursive: true });
  const file = `${folder}/m${createHash('sha256').update(text).digest('hex').slice(0, 16)}.ts`;
  const own = `${file}.${process.pid}`;
  writeFileSync(own, text);
  renameSync(own, file); // whole at once: other test processes may import the same file just now
  return import(/* @vite-ignore */ file);
}
