import {
  add,
  call,
  choose,
  compare,
  dimension,
  divide,
  local,
  modulo,
  multiply,
  negate,
  parameter,
  power,
  subtract,
} from '../../../compiler/src/algebra/index.js';
import type { Expression } from '../../../compiler/src/graph/graph.js';

export const width = parameter('width');
export const heads = parameter('heads');
export const size = parameter('size');
export const patch = parameter('patch');
export const T = dimension('T');
export const i = local('i');
export const query: Expression = { kind: 'axis', axis: 'query' };
export const key: Expression = { kind: 'axis', axis: 'key' };
export const head: Expression = { kind: 'axis', axis: 'head' };
export { add, call, choose, compare, divide, local, modulo, multiply, negate, power, subtract };
