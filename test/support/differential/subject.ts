import { compile } from '../../../compiler/src/compile.js';
import { instantiate } from '../../../compiler/src/explain/index.js';
import type { Configuration } from '../../../compiler/src/explain/scope.js';
import type { Graph, GraphModel } from '../../../compiler/src/graph/graph.js';
import { generated } from '../../compiler/emit/generated.js';
import { graphOf, type SpecClass } from '../specs.js';

/** A configured model, as all engines get it. */
export interface Subject {
  readonly title: string;
  readonly graph: Graph;
  readonly model: GraphModel;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly configuration: Configuration;
  /** Dimensions that must not be shorter than this: rows are cut off, or chosen by number. Default 1. */
  readonly shortest: Readonly<Record<string, number>>;
  readonly generatedClass: SpecClass;
}

export interface SpecText {
  readonly text: string;
  readonly model: string;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly shortest: Readonly<Record<string, number>>;
}

/** Of a spec as text. Throws what the compiler says against it. */
export async function subjectOfText({ text, model, settings, shortest }: SpecText): Promise<Subject> {
  const { graph, diagnostics } = compile({ read: (path) => (path === 'spec.tfm' ? text : undefined) }, 'spec.tfm');
  if (!graph) {
    const told = diagnostics.map(({ code, message, help }) => `${code} ${message}${help ? ` (${help})` : ''}`);
    throw new Error(`the compiler refuses the spec:\n  ${told.join('\n  ')}`);
  }
  return subjectOf(graph, model, settings, shortest, model);
}

/** Of a file, by its path from the project's root. */
export async function subjectOfFile(
  spec: string,
  model: string,
  settings: Readonly<Record<string, unknown>>,
  shortest: Readonly<Record<string, number>> = {},
): Promise<Subject> {
  return subjectOf(graphOf(spec), model, settings, shortest, `${spec} ${model}`);
}

async function subjectOf(
  graph: Graph,
  name: string,
  settings: Readonly<Record<string, unknown>>,
  shortest: Readonly<Record<string, number>>,
  title: string,
): Promise<Subject> {
  const model = graph.models.find((candidate) => candidate.name === name);
  if (!model) throw new Error(`${title}: there is no model ${name}`);
  const { configuration, problems } = instantiate(model, settings);
  if (!configuration) throw new Error(`${title}: ${problems.map(({ message }) => message).join('; ')}`);
  const generatedClass = (await generated<Readonly<Record<string, SpecClass>>>(graph))[name];
  if (!generatedClass) throw new Error(`${title}: the generated module exports no ${name}`);
  return { title, graph, model, settings, configuration, shortest, generatedClass };
}
