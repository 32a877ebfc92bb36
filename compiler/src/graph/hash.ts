import { createHash } from 'node:crypto';
import type { Graph } from './graph.js';

/** A short hash of a graph: what is generated from it names it, and changes exactly when the graph does. */
export const graphHash = (graph: Graph): string =>
  createHash('sha256').update(JSON.stringify(graph)).digest('hex').slice(0, 12);
