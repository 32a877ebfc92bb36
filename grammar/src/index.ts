export type * from './ast.js';
export { parse } from './parse.js';
export { keywords } from './tokens.js';
