export type * from './ast.js';
export { parse } from './parse.js';
export { type Formatted, format } from './print.js';
export { keywords } from './tokens.js';
