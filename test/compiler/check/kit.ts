import { expect } from 'vitest';
import { compile } from '../../../compiler/src/compile.js';
import type { GraphModel, Node, OperatorNode, Region } from '../../../compiler/src/graph/graph.js';

/** The diagnostics of a spec, as `code message`. */
export function told(text: string): string[] {
  const { diagnostics } = compile({ read: (path) => (path === 'spec.tfm' ? text : undefined) }, 'spec.tfm');
  return diagnostics.map(({ code, message }) => `${code} ${message}`);
}

/** The one model of a spec without mistakes. */
export function modelOf(text: string): GraphModel {
  const { diagnostics, graph } = compile({ read: (path) => (path === 'spec.tfm' ? text : undefined) }, 'spec.tfm');
  expect(diagnostics.map(({ code, message }) => `${code} ${message}`)).toEqual([]);
  const [model] = graph?.models ?? [];
  if (!model) throw new Error('the spec has no model');
  return model;
}

/** Every node of a model, those of its functions and inner regions included. */
export function nodesOf(model: GraphModel): Node[] {
  return [model.main, ...model.functions].flatMap(({ body }) => inRegion(body));
}

function inRegion(region: Region): Node[] {
  return region.nodes.flatMap((node): Node[] => {
    switch (node.kind) {
      case 'repeat':
      case 'scan':
        return [node, ...inRegion(node.region)];
      case 'if':
        return [node, ...inRegion(node.then), ...inRegion(node.else)];
      default:
        return [node];
    }
  });
}

export function operatorsOf(model: GraphModel, operator: string): OperatorNode[] {
  return nodesOf(model)
    .filter((node) => node.kind === 'operator')
    .filter((node) => node.operator === operator);
}
