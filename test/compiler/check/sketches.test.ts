import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { compile } from '../../../compiler/src/compile.js';
import { readGraph } from '../../../compiler/src/graph/validate.js';

const fixtures = new URL('../../fixtures/', import.meta.url);
const specsIn = (folder: string): string[] =>
  readdirSync(new URL(folder, fixtures))
    .filter((n) => n.endsWith('.tfm'))
    .sort();

function compiled(folder: string, name: string) {
  const text = readFileSync(new URL(`${folder}/${name}`, fixtures), 'utf8');
  return compile({ read: (path) => (path === name ? text : undefined) }, name);
}

describe('published architectures compile', () => {
  const specs = specsIn('specs');

  it.each(specs)('%s', (name) => {
    const { graph, diagnostics } = compiled('specs', name);
    expect(diagnostics.map(({ code, message }) => `${code} ${message}`)).toEqual([]);
    expect(graph?.models.length).toBeGreaterThan(0);
    expect(readGraph(JSON.stringify(graph), name).diagnostics).toEqual([]);
  });

  it('there are at least fifteen', () => {
    expect(specs.length).toBeGreaterThanOrEqual(15);
  });
});

/** What the sketches, older than the language, say that it does not: the names in messages, most as often as written. */
const expected: Readonly<Record<string, readonly string[]>> = {
  '00_std.tfm': ['nothing here is called width'],
  '01_transformer_layerwise.tfm': ['the weights of memory are never used', 'nothing here is called padding'],
  '02_bahdanau.tfm': [
    'nothing here is called last',
    'nothing here is called backward',
    'nothing here is called padding',
  ],
  '05_gpt_neo.tfm': ['nothing here is called window'],
  '06_bloom_mpt.tfm': ['the parameter clip is never used'],
  '09_gemma.tfm': ['nothing here is called width', 'nothing here is called window'],
  '10_moe.tfm': ['experts has no parameter choose', 'nothing here is called normalised'],
  '11_deepseek_v3.tfm': [
    '`yarn` scaling of rotary frequencies is not yet supported',
    '`cached` (latent attention) is not yet supported',
    'nothing here is called spread',
    'nothing here is called normalised',
    'fp8 is no step of a checkpoint rule',
  ],
  '12_gpt_oss.tfm': [
    'nothing here is called window',
    '`yarn` scaling of rotary frequencies is not yet supported',
    'experts has no parameter choose',
    'nothing here is called chosen',
    'mxfp4 is no step of a checkpoint rule',
  ],
  '16_bert.tfm': ['hidden is already defined'],
  '18_deberta_v2.tfm': ['hidden is already defined'],
  '19_modernbert.tfm': ['hidden is already defined'],
  '23_vit_family.tfm': ['resize has no parameter to'],
  '24_swin.tfm': [
    'last is never used',
    'no rule of huggingface fills stages[i].blocks[j].attention.table',
    'no weight of the model is called stages[i].blocks[j].table',
    'the parameter g is never used',
  ],
  '26_dalle_gat.tfm': ['the parameter g is never used'],
};

describe('sketches say what their older notation lacks, and nothing else', () => {
  it.each(specsIn('sketches'))('%s', (name) => {
    const { graph, diagnostics } = compiled('sketches', name);
    const told = new Set(diagnostics.map(({ message }) => message));
    expect([...told].sort()).toEqual([...(expected[name] ?? [])].sort());
    expect(graph === undefined).toBe(diagnostics.some(({ severity }) => severity === 'error'));
  });
});
