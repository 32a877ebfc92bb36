/** What a graph takes: configurations, weights, shapes, costs. Works on the graph only. */
export { instantiate } from './configuration.js';
export { type Explanation, explain } from './explanation.js';
export type { Row } from './rows.js';
export { listWeights } from './weights.js';
