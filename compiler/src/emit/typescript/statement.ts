import { type Code, flat, type Lines, layout } from './layout.js';

/** One statement of a body, still without indentation. */
export type Statement =
  | { readonly kind: 'const'; readonly target: string; readonly code: Code; readonly comment?: string }
  | { readonly kind: 'line'; readonly code: Code; readonly comment?: string }
  | {
      readonly kind: 'block';
      readonly parts: readonly { readonly head: string; readonly body: readonly Statement[] }[];
    };

/** `body` with `return` in front of `result`; a last constant that is the result is returned as it is made. */
export function returning(body: readonly Statement[], result: Code): readonly Statement[] {
  const last = body.at(-1);
  if (last?.kind === 'const' && last.target === result) {
    return [...body.slice(0, -1), { ...last, kind: 'line', code: ['return ', last.code] }];
  }
  return [...body, { kind: 'line', code: ['return ', result] }];
}

/** What stands behind `=>`: the expression alone where nothing has to come before it. */
export function arrowBody(body: readonly Statement[], result: Code): Code {
  const statements = returning(body, result);
  const [first] = statements;
  if (statements.length === 1 && first?.kind === 'line' && Array.isArray(first.code)) return first.code.slice(1);
  return braces(statements);
}

export function braces(statements: readonly Statement[]): Lines {
  return { lines: (indent) => `{\n${printed(statements, indent + 2)}\n${' '.repeat(indent)}}` };
}

export function printed(statements: readonly Statement[], indent = 0): string {
  return statements.map((statement) => printStatement(statement, indent)).join('\n');
}

function printStatement(statement: Statement, indent: number): string {
  const pad = ' '.repeat(indent);
  if (statement.kind === 'block') {
    const parts = statement.parts.map(({ head, body }) => `${head} ${braces(body).lines(indent)}`);
    return `${pad}${parts.join(' ')}`;
  }
  const code: Code =
    statement.kind === 'const' ? [`const ${statement.target} = `, statement.code, ';'] : [statement.code, ';'];
  return pad + commented(layout(code, indent), statement.comment, pad, flat(code).length + indent);
}

const COLUMNS = 116;

/** The comment behind the statement where it fits, else above it. */
function commented(text: string, comment: string | undefined, pad: string, length: number): string {
  if (comment === undefined) return text;
  const last = text.split('\n').at(-1) ?? '';
  const column = text.includes('\n') ? last.length : length;
  return column + comment.length + 4 <= COLUMNS ? `${text} // ${comment}` : `// ${comment}\n${pad}${text}`;
}
