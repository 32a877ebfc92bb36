import type { Code } from './layout.js';
import type { Statement } from './statement.js';

/** One arm of a choice: its statements, and what it gives for each output. */
export interface Branch {
  readonly body: readonly Statement[];
  readonly results: readonly Code[];
}

/** `let y: Tensor; if (…) { … y = … } else { … y = … }` */
export function branchStatements(
  condition: string,
  then: Branch,
  otherwise: Branch,
  variables: readonly string[],
  type: string,
): Statement[] {
  return [
    ...variables.map((variable): Statement => ({ kind: 'line', code: `let ${variable}: ${type}` })),
    {
      kind: 'block',
      parts: [
        { head: `if (${condition})`, body: assigning(then, variables) },
        { head: 'else', body: assigning(otherwise, variables) },
      ],
    },
  ];
}

/** A branch that is one expression, for `?:`. */
export function expressionOf({ body, results: [result = ''] }: Branch): Code | undefined {
  const [only] = body;
  if (only === undefined) return result;
  return body.length === 1 && only.kind === 'const' && only.target === result ? only.code : undefined;
}

/** The arm with its results assigned; a last constant that is the result is assigned as it is made. */
function assigning({ body, results }: Branch, variables: readonly string[]): Statement[] {
  const last = body.at(-1);
  const [only] = variables;
  if (variables.length === 1 && last?.kind === 'const' && last.target === results[0]) {
    return [...body.slice(0, -1), { ...last, kind: 'line', code: [`${only} = `, last.code] }];
  }
  return [
    ...body,
    ...variables.map(
      (variable, index): Statement => ({ kind: 'line', code: [`${variable} = `, results[index] ?? ''] }),
    ),
  ];
}
