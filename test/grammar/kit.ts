import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { Span } from '@tfm-lang/grammar';
import { expect } from 'vitest';

const sketchFolder = new URL('../fixtures/sketches/', import.meta.url);

/** The specs in `test/fixtures/sketches`, by name. */
export const sketches: readonly { readonly name: string; readonly text: string }[] = readdirSync(sketchFolder)
  .filter((name) => name.endsWith('.tfm'))
  .sort()
  .map((name) => ({ name, text: readFileSync(new URL(name, sketchFolder), 'utf8') }));

/** A tree without its places. */
export function withoutSpans(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutSpans);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([key]) => key !== 'span' && key !== 'operatorSpan');
  return Object.fromEntries(entries.map(([key, child]) => [key, withoutSpans(child)]));
}

/** All places in a tree. */
export function spansOf(value: unknown): Span[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, child]) =>
    key === 'span' || key === 'operatorSpan' ? [child as Span] : spansOf(child),
  );
}

/** Compares with a file beside the tests; `UPDATE_GOLDEN=1` writes it. */
export function expectGolden(file: URL, actual: string): void {
  if (process.env.UPDATE_GOLDEN === '1') writeFileSync(file, actual);
  expect(existsSync(file), `${file.pathname} is missing: run with UPDATE_GOLDEN=1`).toBe(true);
  expect(actual).toBe(readFileSync(file, 'utf8'));
}
