import type { Value } from './builder.js';
import type { OnnxInitializer, OnnxNode } from './model.js';
import { tensor } from './tensor.js';

/** An input that shows the size of a dimension: an axis of it, `more` rows longer; or its value. */
export interface Shown {
  readonly name: string;
  readonly input: Value;
  readonly axis: number | undefined;
  readonly more: number;
}

/** Shape(input)[axis] − more, or the number itself: int64 [1] under the name `output`. */
export function sizeNodes(
  { input, axis, more }: Shown,
  output: string,
): { nodes: OnnxNode[]; constants: OnnxInitializer[] } {
  const zero = { name: `${output}/axis`, data: tensor('int64', [1], [0]) };
  if (axis === undefined) {
    const inputs = [input.name, zero.name];
    return {
      nodes: [{ operator: 'Unsqueeze', name: output, inputs, outputs: [output], attributes: {} }],
      constants: [zero],
    };
  }
  const attributes = { start: { kind: 'int', value: axis }, end: { kind: 'int', value: axis + 1 } } as const;
  const size = more === 0 ? output : `${output}/all`;
  const shape: OnnxNode = { operator: 'Shape', name: size, inputs: [input.name], outputs: [size], attributes };
  if (more === 0) return { nodes: [shape], constants: [] };
  const rest = { name: `${output}/more`, data: tensor('int64', [1], [more]) };
  const less: OnnxNode = {
    operator: 'Sub',
    name: output,
    inputs: [size, rest.name],
    outputs: [output],
    attributes: {},
  };
  return { nodes: [shape, less], constants: [rest] };
}
