import fc from 'fast-check';
import { choice } from './choice.js';
import { type MadeSpec, writeSpec } from './models.js';

/** A random model, how long its inputs are, and the seed of its weights and inputs. */
export interface MadeTrial {
  readonly spec: MadeSpec;
  readonly lengths: readonly number[];
  readonly seed: number;
}

const stages = fc.array(choice, { maxLength: 3 });

/** Valid specs over the whole language. They shrink: to fewer and plainer stages, shorter inputs. */
export const madeTrial: fc.Arbitrary<MadeTrial> = fc
  .record({
    seeds: fc.record({ shape: choice, body: stages, memory: fc.array(choice, { maxLength: 2 }), ends: choice }),
    lengths: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 2 }),
    seed: fc.integer({ min: 1, max: 1000 }),
  })
  .map(({ seeds, lengths, seed }) => ({ spec: writeSpec(seeds), lengths, seed }));
