import { type MethodDeclarationStructure, StructureKind } from 'ts-morph';
import type { Training } from '../../graph/graph.js';
import { FunctionContext, type ModelContext } from './context.js';
import { scalar } from './expressions.js';
import { type Code, callOf, layout, objectOf } from './layout.js';
import { spelled, spelledType } from './spelling.js';
import { camelCase, documentationText, stringLiteral } from './text.js';

/** `loss`, where the spec declares `train`. */
export function lossMethod(model: ModelContext): MethodDeclarationStructure[] {
  const { train } = model.model;
  if (!train) return [];
  const { imports } = model;
  const { against } = train;
  const labels = against.kind === 'labels' ? [{ name: 'labels', type: imports.type('LabelInput') }] : [];
  return [
    {
      kind: StructureKind.Method,
      name: 'loss',
      docs: [{ description: `\n${documentationText(describe(train))}` }],
      parameters: [
        { name: 'inputs', type: model.inputsType },
        ...labels,
        { name: 'options', type: imports.type('LossOptions'), initializer: '{}' },
      ],
      returnType: imports.type('Scalar'),
      statements: lossBody(train, model),
    },
  ];
}

function describe({ loss, output, attributes, against }: Training): string {
  const options = Object.entries(attributes).map(([name, value]) => `${name}: ${spelled(value)}`);
  const what = `${loss.replaceAll('_', ' ')}${options.length === 0 ? '' : ` (${options.join(', ')})`} of \`${output}\``;
  const target =
    against.kind === 'shifted'
      ? `against the tokens of \`${against.input}\`, moved by one`
      : `against \`labels: ${spelledType(against.type)}\``;
  const sentence = `${what} ${target}`;
  return `${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}.\nDropout acts here; \`tf.variableGrads(() => model.loss(…))\` gives the gradients.`;
}

function lossBody(train: Training, model: ModelContext): string {
  const context = new FunctionContext(model, { constants: [] });
  const options = Object.entries(train.attributes).map(
    ([name, value]) => [camelCase(name), scalar(value, context)] as const,
  );
  const { against } = train;
  const loss = model.imports.value(camelCase(train.loss));
  const target = against.kind === 'shifted' ? context.names.declare('target') : 'labels';
  const scored = context.names.declare('scores');
  if (against.kind === 'shifted' && model.model.generate?.scores !== 'self') options.push(['shifted', 'true']);
  const call = callOf(loss, [scored, target, ...(options.length === 0 ? [] : [objectOf(options)])]);
  const declared = context.destructured();
  const run: Code = callOf('this.trainingLoss', [
    'inputs',
    stringLiteral(train.output),
    against.kind === 'shifted' ? stringLiteral(against.input) : 'labels',
    'options',
    [`(${scored}, ${target}) => `, call],
  ]);
  const config = declared === undefined ? '' : `const ${declared} = this.config;\n`;
  return `${config}${layout(['return ', run, ';'])}`;
}
