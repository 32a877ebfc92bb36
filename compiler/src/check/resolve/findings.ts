import type { Identifier, Name, Span } from '@tfm-lang/grammar';
import { type Diagnostic, report } from '../../source/diagnostic.js';
import { suggestion } from '../../source/suggest.js';
import { standardLibrary } from '../../std.gen.js';
import { builtins } from '../builtins/table.js';
import type { Scope } from './scope.js';

/** Names that the language itself gives a value: nothing else may be called so. */
export const reserved: ReadonlySet<string> = new Set(['self', 'none', 'identity', 'all', 'causal', 'pi', 'inf']);

type NameDiagnostic =
  | 'unused_import'
  | 'unused_parameter'
  | 'unused_input'
  | 'unused_declaration'
  | 'reserved_name'
  | 'duplicate_name'
  | 'parameter_order'
  | 'used_too_early'
  | 'default_of_itself';

/** What is found of the names of one file. */
export class Findings {
  readonly diagnostics: Diagnostic[] = [];
  /** Starts of names that mean nothing: already reported. */
  readonly unresolved = new Set<number>();
  /** Starts of the names of `let`s that nothing mentions. */
  readonly unusedLets = new Set<number>();
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
  }

  /** @param first Where the same name was defined before. */
  tell<N extends NameDiagnostic>(
    name: N,
    span: Span,
    parameters: Parameters<typeof report<N>>[1]['parameters'],
    first?: Span,
  ): void {
    const labels = first ? [{ file: this.#file, span: first, text: 'first defined here' }] : [];
    this.diagnostics.push(report(name, { file: this.#file, span, parameters, labels }));
  }

  /** Adds a name to a scope, which may have it already. */
  define(
    scope: Scope,
    name: Identifier,
    role: Parameters<Scope['define']>[1],
    more?: Parameters<Scope['define']>[2],
  ): void {
    const earlier = scope.define(name, role, more);
    if (earlier) this.duplicate(name, earlier.span);
    this.checkReserved(name);
  }

  duplicate({ name, span }: Identifier, first: Span): void {
    this.tell('duplicate_name', span, { name }, first);
  }

  checkReserved({ name, span }: Identifier): void {
    if (reserved.has(name)) this.tell('reserved_name', span, { name });
  }

  unknown({ name, span }: Name, scope: Scope): void {
    this.unresolved.add(span.start);
    const near = suggestion(name, [...scope.names(), ...builtins.keys(), ...reserved]);
    const from = libraryOf(name);
    const help = from === undefined ? {} : { help: `import { ${name} } from "${from}"` };
    const parameters = { name, suggestion: near };
    this.diagnostics.push(report('unknown_name', { file: this.#file, span, parameters, ...help }));
  }

  /** What nothing mentions. Inputs, parameters and declarations are told here, `let`s where their value is known. */
  unused(scope: Scope): void {
    for (const { name, span, role, kind, used } of scope.own()) {
      if (used) continue;
      if (role === 'let') this.unusedLets.add(span.start);
      else if (role === 'input') this.tell('unused_input', span, { name });
      else if (role === 'parameter') this.tell('unused_parameter', span, { name });
      else if (role === 'declaration') this.tell('unused_declaration', span, { kind, name });
    }
  }
}

/** The module of the standard library that declares a name. */
function libraryOf(name: string): string | undefined {
  const declared = new RegExp(`^(?:block|fn|mask|score) ${name}\\b`, 'm');
  return Object.keys(standardLibrary).find(
    (path) => path.startsWith('std/') && path !== 'std/prelude' && declared.test(standardLibrary[path] ?? ''),
  );
}
