import type { Generate, Model, Expression as Syntax, Train } from '@tfm-lang/grammar';
import { add } from '../algebra/construct.js';
import type { Expression, Generation, Training, ValueType } from '../graph/graph.js';
import { nearestOf, suggestion } from '../source/suggest.js';
import { atSpan, type Context } from './context.js';
import { evaluate } from './expressions.js';
import type { ModelParts } from './model.js';
import { showType } from './sizes.js';
import { type At, describe, type TensorValue } from './values.js';

/** `generate x from y`: x: token[B, N]; y: float[B, N, V] scores the next token, float[B, N + 1, V] the token itself. */
export function generation(model: Model, parts: ModelParts, context: Context): Generation | undefined {
  const [statement, second] = model.statements.flatMap((s) => (s.kind === 'generate' ? [s] : []));
  const { checker } = context;
  if (second) checker.report('generate_twice', atSpan(context, second.span), {});
  if (!statement) return undefined;
  const input = parts.inputs.get(statement.input.name);
  const output = parts.outputs.get(statement.output.name);
  if (!input) missing(statement.input, 'input', namesOf(model, 'input'), context);
  if (!output) missing(statement.output, 'output', namesOf(model, 'output'), context);
  if (!input || !output) return undefined;
  const length = input.type.shape[1];
  const vocabulary = input.of;
  if (
    input.type.dtype !== 'token' ||
    input.type.shape.length !== 2 ||
    !isDimension(length) ||
    vocabulary === undefined
  ) {
    checker.report('generate_input', atSpan(context, statement.input.span), {
      name: input.name,
      found: showType(checker, input.type),
    });
    return undefined;
  }
  const scores = scoring(output.value.type, length, vocabulary, context);
  if (!scores) {
    checker.report('generate_output', atSpan(context, statement.output.span), {
      rows: length.name,
      vocab: checker.showSize(vocabulary),
      name: statement.output.name,
      found: showType(checker, output.value.type),
    });
    return undefined;
  }
  const most = checker.dimensions.find((d) => d.name === length.name)?.most;
  return {
    input: input.name,
    output: statement.output.name,
    dimension: length.name,
    scores,
    ...(most !== undefined && { capacity: most }),
    prefix: 0,
    state: [],
  };
}

function missing(name: Generate['input'], kind: 'input' | 'output', known: readonly string[], context: Context): void {
  // One that is there, but failed, was reported already.
  if (known.includes(name.name)) return;
  context.checker.report('generate_unknown', atSpan(context, name.span), {
    kind,
    name: name.name,
    suggestion: suggestion(name.name, known),
  });
}

function namesOf(model: Model, kind: 'input' | 'output'): string[] {
  return model.statements.flatMap((s) => (s.kind === kind ? [s.name.name] : []));
}

function isDimension(size: Expression | undefined): size is { readonly kind: 'dimension'; readonly name: string } {
  return typeof size === 'object' && size.kind === 'dimension';
}

function scoring(
  output: ValueType,
  length: Expression,
  vocabulary: Expression,
  context: Context,
): Generation['scores'] | undefined {
  const { checker } = context;
  const [, rows, columns] = output.shape;
  if (output.shape.length !== 3 || rows === undefined || columns === undefined) return undefined;
  if (!checker.sameSize(columns, vocabulary)) return undefined;
  if (checker.sameSize(rows, length)) return 'next';
  return checker.sameSize(rows, add(length, 1)) ? 'self' : undefined;
}

const losses = ['cross_entropy', 'mean_squared_error'] as const;

/** `train logits against labels with cross_entropy(label_smoothing: 0.1)`. */
export function training(model: Model, parts: ModelParts, context: Context): Training | undefined {
  const { checker } = context;
  const [statement, second] = model.statements.flatMap((s) => (s.kind === 'train' ? [s] : []));
  if (second) checker.report('train_twice', atSpan(context, second.span), {});
  if (!statement) return undefined;
  const loss = lossOf(statement.loss, context);
  const output = parts.outputs.get(statement.output.name);
  if (!output) {
    const known = namesOf(model, 'output');
    const { name, span } = statement.output;
    if (!known.includes(name))
      checker.report('train_output', atSpan(context, span), { name, suggestion: suggestion(name, known) });
    return undefined;
  }
  const against = labelsOf(statement, model, output.value.type, parts, context);
  if (
    !loss ||
    !against ||
    !comparable(loss.name, output.value, against, parts, atSpan(context, statement.output.span), context)
  )
    return undefined;
  return { output: statement.output.name, loss: loss.name, attributes: loss.attributes, against };
}

function lossOf(
  syntax: Syntax,
  context: Context,
): { name: Training['loss']; attributes: Record<string, Expression> } | undefined {
  const { checker } = context;
  const callee = syntax.kind === 'call' ? syntax.callee : syntax;
  const written = callee.kind === 'name' ? callee.name : '';
  const name = losses.find((l) => l === written);
  if (!name) {
    checker.report('train_loss', atSpan(context, callee.span), { name: written || 'this' });
    return undefined;
  }
  const known = name === 'cross_entropy' ? ['label_smoothing'] : [];
  const attributes: Record<string, Expression> = {};
  for (const argument of syntax.kind === 'call' ? syntax.arguments : []) {
    const key = argument.name?.name ?? '';
    const at = atSpan(context, argument.name?.span ?? argument.span);
    if (!known.includes(key)) {
      checker.report('unknown_argument', at, {
        callee: name,
        name: key || 'without a name',
        fix: nearestOf(key, known, 'it takes'),
      });
      continue;
    }
    const value = evaluate(argument.value, context);
    if (value.kind === 'scalar') attributes[key] = value.expression;
    else if (value.kind !== 'error') checker.report('wrong_kind', at, { expected: 'a number', found: describe(value) });
  }
  return { name, attributes };
}

function labelsOf(
  statement: Train,
  model: Model,
  output: ValueType,
  parts: ModelParts,
  context: Context,
): Training['against'] | undefined {
  const { against } = statement;
  const generated = model.statements.find((s) => s.kind === 'generate' && s.output.name === statement.output.name);
  if (!against) {
    if (generated?.kind === 'generate') return { kind: 'shifted', input: generated.input.name };
    const cross = statement.loss.kind !== 'missing' && output.shape.length > 1;
    const type: ValueType =
      isCrossEntropy(statement.loss) && cross ? { dtype: 'int', shape: output.shape.slice(0, -1) } : output;
    return { kind: 'labels', type };
  }
  const name = against.kind === 'member' && against.property.name === 'shifted' ? against.object : undefined;
  if (name?.kind === 'name' && parts.inputs.has(name.name)) return { kind: 'shifted', input: name.name };
  context.checker.report('train_against', atSpan(context, against.span), { name: statement.output.name });
  return undefined;
}

/** Scores of classes against ids of them: cross-entropy needs an axis of scores, and a row for each id. */
function comparable(
  loss: Training['loss'],
  output: TensorValue,
  against: Training['against'],
  parts: ModelParts,
  at: At,
  context: Context,
): boolean {
  const { checker } = context;
  const input = against.kind === 'shifted' ? parts.inputs.get(against.input) : undefined;
  const type = output.type;
  const problem = (labels: string): boolean => {
    checker.report('train_shape', at, { loss, output: showType(checker, type), labels });
    return false;
  };
  if (loss === 'cross_entropy' && type.shape.length < 2) return problem('ids of classes: there is no axis of scores');
  if (!input) return true;
  const [rows, scores] = [type.shape[1], type.shape.at(-1)];
  const [length, of] = [input.type.shape[1], input.of];
  const fits =
    loss === 'cross_entropy' &&
    type.shape.length === 3 &&
    rows !== undefined &&
    scores !== undefined &&
    length !== undefined &&
    of !== undefined &&
    (checker.sameSize(rows, length) || checker.sameSize(rows, add(length, 1))) &&
    checker.sameSize(scores, of);
  return fits || problem(`the tokens of ${input.name}, ${showType(checker, input.type)}`);
}

function isCrossEntropy(loss: Syntax): boolean {
  const callee = loss.kind === 'call' ? loss.callee : loss;
  return callee.kind === 'name' && callee.name === 'cross_entropy';
}
