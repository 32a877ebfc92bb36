import { compile } from '../../../compiler/src/compile.js';
import { messages } from '../../../compiler/src/source/index.js';

const codes: ReadonlySet<string> = new Set(Object.values(messages).map(({ code }) => code));

/** Longest that one small spec may take, however slow the machine. */
const budget = 10_000;

/** Whatever a spec says: compiling it ends, and every diagnostic has a known code and a place in the spec. */
export function expectSound(text: string): void {
  const started = performance.now();
  const { diagnostics, graph } = compile({ read: (path) => (path === 'spec.tfm' ? text : undefined) }, 'spec.tfm');
  const elapsed = performance.now() - started;
  const wrong = (problem: string): Error => new Error(`${problem}\n${text}`);
  if (elapsed > budget) throw wrong(`compiling took ${elapsed.toFixed(0)} ms`);
  if (!graph && diagnostics.length === 0) throw wrong('there is neither a graph nor a mistake');
  for (const { code, file, span, message, help } of diagnostics) {
    const told = `${code} ${message}${help === undefined ? '' : ` (${help})`}`;
    if (code.startsWith('TFM9')) throw wrong(told);
    if (!codes.has(code)) throw wrong(`unknown code: ${told}`);
    if (file !== 'spec.tfm') throw wrong(`the place is in ${file}: ${told}`);
    if (!(span.start >= 0 && span.start <= span.end && span.end <= text.length)) {
      throw wrong(`the place ${span.start} to ${span.end} is not in the text: ${told}`);
    }
    if (/undefined|\[object|\{\w+\}$/.test(told.replaceAll('`', ''))) throw wrong(`a message with holes: ${told}`);
  }
}
