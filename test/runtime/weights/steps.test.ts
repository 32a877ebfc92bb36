import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { arrangementFrom, arrangementTo } from '../../../runtime/src/weights/axes.js';
import type { AxesStep, SingleStep, UnpackStep } from '../../../runtime/src/weights/map.js';
import { permute } from '../../../runtime/src/weights/permute.js';
import { applyStep, elements, shapeAfter, shapeBefore, undoStep } from '../../../runtime/src/weights/steps.js';
import { packedShape, partShape, putPart, takePart } from '../../../runtime/src/weights/unpack.js';

const counting = (length: number): Float32Array => Float32Array.from({ length }, (_, i) => i);

/** The permutation by its definition, one element at a time. */
function plainPermute(data: Float32Array, sizes: number[], order: number[]): Float32Array {
  const to = new Float32Array(data.length);
  for (let target = 0; target < to.length; target++) {
    const at = new Array<number>(sizes.length).fill(0);
    let rest = target;
    for (const axis of order.toReversed()) {
      at[axis] = rest % sizes[axis]!;
      rest = Math.floor(rest / sizes[axis]!);
    }
    to[target] = data[at.reduce((sum, i, axis) => sum * sizes[axis]! + i, 0)]!;
  }
  return to;
}

describe('permute', () => {
  it('is the permutation by its definition', () => {
    const cases = fc
      .array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 5 })
      .chain((sizes) =>
        fc.tuple(fc.constant(sizes), fc.shuffledSubarray([...sizes.keys()], { minLength: sizes.length })),
      );
    fc.assert(
      fc.property(cases, ([sizes, order]) => {
        const data = counting(elements(sizes));
        expect(permute(data, sizes, order)).toEqual(plainPermute(data, sizes, order));
      }),
      { numRuns: 500, seed: 11 },
    );
  });

  it('transposes past the edges of its tiles', () => {
    const data = counting(65 * 33);
    expect(permute(data, [65, 33], [1, 0])).toEqual(plainPermute(data, [65, 33], [1, 0]));
  });
});

const axes = (pattern: string, sizes: Record<string, number> = {}): AxesStep => ({ kind: 'axes', pattern, sizes });

describe('single steps', () => {
  it.each<[SingleStep, number[], number[] | undefined]>([
    [{ kind: 'transpose' }, [3, 4], [4, 3]],
    [{ kind: 'transpose' }, [3], [3]],
    [{ kind: 'add', value: 1 }, [2, 2], [2, 2]],
    [axes('out c y x -> out (y x c)', { y: 2, x: 2 }), [3, 5, 2, 2], [3, 20]],
    [axes('out c y x -> out (y x c)', { y: 2, x: 2 }), [7], [7]],
    [axes('out in t -> t in out'), [4, 3, 2], [2, 3, 4]],
    [axes('(x y c) -> (y x c)', { x: 2, y: 3 }), [12], [12]],
    [axes('o (x y c) -> o (y x c)', { x: 2, y: 3 }), [2, 12], [2, 12]],
    [axes('1 1 c -> 1 c'), [1, 1, 6], [1, 6]],
    [axes('1 n c -> n c'), [1, 4, 6], [4, 6]],
  ])('%j turns %j into %j and back', (step, before, after) => {
    expect(shapeAfter(step, before)).toEqual(after);
    expect(shapeBefore(step, after ?? [])).toEqual(before);
    const data = counting(elements(before));
    expect(undoStep(step, applyStep(step, data, before), before)).toEqual(data);
  });

  it('axes moves the elements as the pattern says', () => {
    // (x y c) with x = 2, y = 3, c = 1: position x·3 + y goes to y·2 + x.
    expect([...applyStep(axes('(x y c) -> (y x c)', { x: 2, y: 3 }), counting(6), [6])]).toEqual([0, 3, 1, 4, 2, 5]);
  });

  it('rows undone leaves zeros outside', () => {
    const step: SingleStep = { kind: 'rows', begin: 1, end: 3 };
    expect([...applyStep(step, counting(8), [4, 2])]).toEqual([2, 3, 4, 5]);
    expect(shapeBefore(step, [2, 2])).toEqual([3, 2]);
    expect([...undoStep(step, Float32Array.of(2, 3, 4, 5), [4, 2])]).toEqual([0, 0, 2, 3, 4, 5, 0, 0]);
  });

  it('says what it does not know', () => {
    expect(shapeBefore({ kind: 'reshape', shape: [6] }, [6])).toMatch(/not known/);
    expect(arrangementTo(axes('a b c -> a (b c)'), [2, 12])).toMatch(/sizes of b and c are not known/);
    expect(arrangementFrom(axes('a a -> a a'), [2, 2])).toMatch(/twice/);
    expect(arrangementFrom(axes('a [b] -> a b'), [2, 2])).toMatch(/neither an axis nor/);
    expect(arrangementFrom(axes('a b -> b a'), [2, 2, 2])).toMatch(/2 axes, the tensor is \[2, 2, 2\]/);
    expect(arrangementFrom(axes('1 b -> b'), [2, 2])).toMatch(/should be 1/);
  });
});

describe('unpack', () => {
  it('takes every row once, and packing gives the tensor back', () => {
    const layouts = fc.record({
      outer: fc.integer({ min: 1, max: 3 }),
      sizes: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 }),
      inner: fc.integer({ min: 1, max: 3 }),
      rest: fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 2 }),
    });
    fc.assert(
      fc.property(layouts, ({ outer, sizes, inner, rest }) => {
        const parts = sizes.map((size, i) => ({ name: `p${i}`, size }));
        const step: UnpackStep = { kind: 'unpack', outer, parts, inner };
        const packed = [outer * sizes.reduce((a, b) => a + b) * inner, ...rest];
        const data = counting(elements(packed));
        const again = new Float32Array(data.length).fill(-1);
        const seen: number[] = [];
        for (const { name, size } of parts) {
          const shape = partShape(step, name, packed);
          expect(shape).toEqual([outer * size * inner, ...rest]);
          expect(packedShape(step, name, [outer * size * inner, ...rest])).toEqual(packed);
          const part = takePart(step, name, data, packed);
          seen.push(...part);
          putPart(step, name, part, packed, again);
        }
        expect(seen.toSorted((a, b) => a - b)).toEqual([...data]);
        expect(again).toEqual(data);
      }),
      { numRuns: 300, seed: 12 },
    );
  });
});
