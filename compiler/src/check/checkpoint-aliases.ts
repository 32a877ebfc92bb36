import type { CheckpointAlias, Identifier, Span, Expression as Syntax } from '@tfm-lang/grammar';
import type { CheckpointDeclaration, CheckpointInput, CheckpointStep, GraphModel } from '../graph/graph.js';
import { suggestion } from '../source/suggest.js';
import { atSpan, type Context } from './context.js';

type OutputAlias = CheckpointDeclaration['outputs'][number];

/**
 * `input tokens = "input_ids"`, `output logits = "logits"`: a name of the other library. `undefined` where the model has no
 * such input or output; without a model (it has other mistakes) only the steps are checked.
 */
export function checkpointAlias(
  entry: CheckpointAlias,
  model: GraphModel | undefined,
  context: Context,
  stepOf: (step: Syntax) => CheckpointStep | undefined,
): CheckpointInput | OutputAlias | undefined {
  const steps = entry.steps.flatMap((syntax) => {
    const step = checkedStep(syntax, entry, context, stepOf);
    return step?.step === 'axes' ? [step.pattern] : [];
  });
  const theirs = entry.theirs.value;
  if (entry.of === 'output')
    return outputAlias(entry, model, context) ? { output: entry.name.name, theirs } : undefined;
  const presence = inputAlias(entry, model, context);
  return presence === undefined ? undefined : { input: entry.name.name, presence, theirs, axes: steps };
}

function checkedStep(
  syntax: Syntax,
  entry: CheckpointAlias,
  context: Context,
  stepOf: (step: Syntax) => CheckpointStep | undefined,
): CheckpointStep | undefined {
  const step = stepOf(syntax);
  if (!step) return undefined;
  const plain = step.step === 'axes' && Object.keys(step.sizes).length === 0;
  if (plain && entry.of === 'input' && !entry.member) return step;
  const problem =
    entry.of === 'output' || entry.member ? 'only an input has steps' : 'an input can only be rearranged: axes("…")';
  context.checker.report('step_arguments', atSpan(context, syntax.span), { name: step.step, problem });
  return undefined;
}

function outputAlias({ name, member }: CheckpointAlias, model: GraphModel | undefined, context: Context): boolean {
  if (!model) return false;
  const known = model.outputs.map((output) => output.name);
  const written = member ? `${name.name}.${member.name}` : name.name;
  if (known.includes(written)) return true;
  context.checker.report('checkpoint_outputs', atSpan(context, spanOf(name, member)), {
    name: written,
    suggestion: suggestion(written, known),
  });
  return false;
}

function spanOf(name: Identifier, member: Identifier | undefined): Span {
  return { start: name.span.start, end: (member ?? name).span.end };
}

/** Whether the alias is of the input's mask; `undefined` where there is no such input, or nothing reads its mask. */
function inputAlias(
  { name, member }: CheckpointAlias,
  model: GraphModel | undefined,
  context: Context,
): boolean | undefined {
  if (!model) return undefined;
  const input = model.inputs.find((candidate) => candidate.name === name.name);
  if (input && (!member || (member.name === 'present' && input.presence))) return member !== undefined;
  const known = model.inputs.flatMap((candidate) => [
    candidate.name,
    ...(candidate.presence ? [`${candidate.name}.present`] : []),
  ]);
  const written = member ? `${name.name}.${member.name}` : name.name;
  context.checker.report('checkpoint_input', atSpan(context, spanOf(name, member)), {
    name: written,
    suggestion: suggestion(written, known),
  });
  return undefined;
}
