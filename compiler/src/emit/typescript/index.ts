import type { Graph } from '../../graph/graph.js';

export interface EmitOptions {
  /** The module that generated code imports. Default `@tfm-lang/runtime`. */
  readonly runtimeModule?: string;
  /** Named in the header of the file. */
  readonly toolVersion: string;
}

/**
 * TypeScript for all models of a graph: one file, the same for the same graph. It imports the runtime only. Loads
 * ts-morph (290 ms) when it is first called.
 */
export async function emitTypeScript(graph: Graph, options: EmitOptions): Promise<{ readonly text: string }> {
  const { sourceFile } = await import('./source-file.js');
  return { text: sourceFile(graph, { runtimeModule: '@tfm-lang/runtime', ...options }) };
}

/** The JavaScript of a generated module, to import it without a build step. */
export async function transpile(text: string): Promise<string> {
  return (await import('./source-file.js')).toJavaScript(text);
}
