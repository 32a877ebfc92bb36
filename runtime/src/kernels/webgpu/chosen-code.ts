/** What a linear layer of chosen experts is told: slots as routing.ts has them, `reads.routing`, weights as stacks. */
export interface ChosenTask {
  readonly pairs: number;
  readonly experts: number;
  /** Those whose weights are bound. */
  readonly first: number;
  readonly end: number;
  /** x has the rows of the mixture, not those of the slots. */
  readonly gathers: boolean;
  /** 0: each slot is computed for itself. */
  readonly tiles: number;
}

/** What is baked into the code. */
export function chosenConstants(chosen: ChosenTask | undefined): Record<string, number> {
  return chosen ? { GATHERS: Number(chosen.gathers) } : {};
}

export function chosenIntegers(chosen: ChosenTask | undefined): Record<string, number> {
  if (!chosen) return {};
  const { pairs, experts, first, end } = chosen;
  return { pairs, experts, firstExpert: first, endExpert: end };
}

/** Behind a place in a weight: where that of the expert begins in the stack. */
export function ofExpert({ chosen }: { readonly chosen?: ChosenTask }): string {
  return chosen ? ' + expertFrom' : '';
}

/** The beginning of a workgroup of one slot. */
export const chooseSlot = `if (!useExpert(routing[group.z], i32(group.z))) { return; }
  inputFrom = sourceOf(0) * uniforms.step;`;

/** The beginning of a workgroup of a tile of slots, which it counts from 0. */
export const chooseTile = `let tileAt = 5 * uniforms.pairs + uniforms.experts + 3 * i32(group.y);
  if (!useExpert(routing[tileAt], routing[tileAt + 1])) { return; }
  let row0 = 0;
  let rowCount = routing[tileAt + 2] - routing[tileAt + 1];`;

/** WGSL of which expert's weights a workgroup reads, and which rows: `inputAt` as in linear-norm.ts. */
export function chosenInputCode({ tiles }: ChosenTask): string {
  return `
var<private> expert: i32;
var<private> expertFrom: i32;
/** The first of the workgroup. */
var<private> slot: i32;
var<private> inputFrom: i32;

/** @returns Whether its weights are here. */
fn useExpert(chosen: i32, first: i32) -> bool {
  expert = chosen;
  expertFrom = (chosen - uniforms.firstExpert) * uniforms.outputs0 * uniforms.step;
  slot = first;
  return chosen >= uniforms.firstExpert && chosen < uniforms.endExpert;
}

fn sourceOf(row: i32) -> i32 {
  if (GATHERS == 1) { return routing[uniforms.pairs + slot + row]; }
  return slot + row;
}

fn findNorms(lane: i32, row0: i32) {}
fn inputAt(r: i32, row: i32, c: i32) -> vec4f { return xAt(${tiles > 0 ? 'sourceOf(row) * uniforms.step' : 'inputFrom'}, c); }`;
}
