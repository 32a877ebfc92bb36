import { type Diagnostic, report } from '../source/diagnostic.js';
import { suggestion } from '../source/suggest.js';
import { type ValidationError, validateGraph } from '../validate-graph.gen.js';
import { type Graph, graphVersion } from './graph.js';
import { operators } from './operators.js';

/** What does not follow a schema: where in the document, and what is wrong there. */
export interface SchemaProblem {
  /** `models[0].main.body.nodes[2].place` */
  readonly path: string;
  readonly problem: string;
  /** The nearest key or value that would be right. */
  readonly suggestion: string | undefined;
}

/** Reads a graph that another program wrote. `file` is how messages call it. */
export function readGraph(
  text: string,
  file: string,
): { readonly graph?: Graph; readonly diagnostics: readonly Diagnostic[] } {
  const place = { file, span: { start: 0, end: 0 } };
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (error) {
    const parameters = { path: file, problem: error instanceof Error ? error.message : String(error) };
    return { diagnostics: [report('graph_malformed', { ...place, parameters })] };
  }
  const found = typeof data === 'object' && data !== null && 'version' in data ? data.version : undefined;
  if (typeof found === 'number' && found !== graphVersion) {
    return { diagnostics: [report('graph_version', { ...place, parameters: { found, expected: graphVersion } })] };
  }
  const problems = graphProblems(data);
  if (problems.length === 0) return { graph: data as Graph, diagnostics: [] };
  return { diagnostics: problems.map((parameters) => report('graph_invalid', { ...place, parameters })) };
}

/** Checks a document against the schema of graphs, and the names of its operators against their table. */
export function graphProblems(data: unknown): readonly SchemaProblem[] {
  if (!validateGraph(data)) return schemaProblems(validateGraph.errors ?? []);
  return [...unknownOperators(data as Graph)];
}

/** The errors of a validator in the words of the document, each place once. */
export function schemaProblems(errors: readonly ValidationError[]): readonly SchemaProblem[] {
  // `if` only repeats what is wrong in its branch.
  const problems = errors.filter((error) => error.keyword !== 'if').map(problemOf);
  const said = new Set<string>();
  return problems.filter(({ path, problem }) => !said.has(`${path} ${problem}`) && said.add(`${path} ${problem}`));
}

function problemOf({ instancePath, keyword, params, message, parentSchema = {} }: ValidationError): SchemaProblem {
  const path = readablePath(instancePath);
  switch (keyword) {
    case 'additionalProperties':
    case 'unevaluatedProperties': {
      const key = String(params.additionalProperty ?? params.unevaluatedProperty);
      const known = Object.keys((parentSchema.properties as object | undefined) ?? {});
      return { path, problem: `has an unknown key ${key}`, suggestion: suggestion(key, known) };
    }
    case 'required':
      return { path, problem: `has no ${String(params.missingProperty)}`, suggestion: undefined };
    case 'discriminator': {
      const value = String(params.tagValue);
      const problem = `has an unknown ${String(params.tag)} ${value}`;
      return { path, problem, suggestion: suggestion(value, variantNames(parentSchema)) };
    }
    case 'enum': {
      const allowed = (params.allowedValues as readonly unknown[]).map(String);
      return { path, problem: `must be one of ${allowed.join(', ')}`, suggestion: undefined };
    }
    case 'const':
      return { path, problem: `must be ${JSON.stringify(params.allowedValue)}`, suggestion: undefined };
    default:
      return { path, problem: message ?? `does not follow the schema (${keyword})`, suggestion: undefined };
  }
}

/** `#/$defs/truncatedNormalInitializer` is the variant `truncated_normal`. */
function variantNames(parentSchema: Readonly<Record<string, unknown>>): readonly string[] {
  const variants = Array.isArray(parentSchema.oneOf)
    ? (parentSchema.oneOf as readonly { readonly $ref?: string }[])
    : [];
  return variants.flatMap(({ $ref }) => {
    const name = $ref?.match(/(\w+?)(?:Node|Expression|Initializer|Step)?$/)?.[1];
    return name === undefined ? [] : [name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)];
  });
}

/** `/models/0/main` → `models[0].main`; the document itself is `the document`. */
function readablePath(pointer: string): string {
  const segments = pointer
    .split('/')
    .slice(1)
    .map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'));
  const path = segments.map((segment) => (/^\d+$/.test(segment) ? `[${segment}]` : `.${segment}`)).join('');
  return path === '' ? 'the document' : path.replace(/^\./, '');
}

function* unknownOperators(graph: Graph): Generator<SchemaProblem> {
  for (const [m, model] of graph.models.entries()) {
    yield* inRegion(model.main.body, `models[${m}].main.body`);
    for (const [f, made] of model.functions.entries()) yield* inRegion(made.body, `models[${m}].functions[${f}].body`);
  }
}

function* inRegion(region: Graph['models'][number]['main']['body'], at: string): Generator<SchemaProblem> {
  for (const [n, node] of region.nodes.entries()) {
    const path = `${at}.nodes[${n}]`;
    if (node.kind === 'operator' && !Object.hasOwn(operators, node.operator)) {
      const near = suggestion(node.operator, Object.keys(operators));
      yield { path, problem: `has an unknown operator ${node.operator}`, suggestion: near };
    }
    if (node.kind === 'repeat' || node.kind === 'experts' || node.kind === 'scan')
      yield* inRegion(node.region, `${path}.region`);
    if (node.kind === 'if') {
      yield* inRegion(node.then, `${path}.then`);
      yield* inRegion(node.else, `${path}.else`);
    }
  }
}
