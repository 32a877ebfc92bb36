/** What a graph takes: configurations, weights, shapes, costs. Works on the graph only. */
export { type ConfigurationProblem, type Instantiation, instantiate, typeNames } from './configuration.js';
export { type Explanation, explain, usualDimensions } from './explanation.js';
export type { Measure } from './measure.js';
export type { Row } from './rows.js';
export type { Configuration, Dimensions } from './scope.js';
export { flatten, type Instance, shapeOf, walk } from './walk.js';
export { countParameters, listWeights, type Weight } from './weights.js';
