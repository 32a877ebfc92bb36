import type { Span } from '@tfm-lang/grammar';
import type { FunctionBuilder } from './builder.js';
import type { Checker } from './checker.js';
import type { Environment } from './environment.js';
import type { SpecFile } from './files.js';
import type { Home } from './home.js';
import type { At } from './values.js';

/** Where the checker stands: the model, the file and names in scope, the function and scope that new nodes and weights go to. */
export interface Context {
  readonly checker: Checker;
  readonly file: SpecFile;
  readonly environment: Environment;
  readonly builder: FunctionBuilder;
  readonly home: Home;
}

export function atSpan(context: Context, span: Span): At {
  return { file: context.file, span };
}
