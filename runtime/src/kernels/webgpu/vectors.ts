import type { ElementType } from './declarations.js';

/**
 * `<name>At(start, c)`: four numbers of a row that begins at element `start` of its array, from its (4 c)th on. Behind the
 * row's end they are 0; rows whose width is a multiple of 4 are arrays of vectors.
 */
export function vectorReader(name: string, as: ElementType, width: string): string {
  if (as === 'vec4f') return `fn ${name}At(start: i32, c: i32) -> vec4f { return ${name}[start + c]; }`;
  return `
fn ${name}At(start: i32, c: i32) -> vec4f {
  var v = vec4f(0);
  for (var i = 0; i < min(4, ${width} - 4 * c); i++) { v[i] = ${name}[start + 4 * c + i]; }
  return v;
}`;
}

/** `put<Name>(start, c, v)`: writes what `vectorReader` reads. */
export function vectorWriter(name: string, as: ElementType, width: string): string {
  const put = `put${name[0]!.toUpperCase()}${name.slice(1)}`;
  if (as === 'vec4f') return `fn ${put}(start: i32, c: i32, v: vec4f) { ${name}[start + c] = v; }`;
  return `
fn ${put}(start: i32, c: i32, v: vec4f) {
  for (var i = 0; i < min(4, ${width} - 4 * c); i++) { ${name}[start + 4 * c + i] = v[i]; }
}`;
}

/** The number of a workgroup of a grid made by `workgroupsFor`. */
export const workgroupIndex = `
fn workgroupIndex(id: vec3u, count: vec3u) -> i32 { return i32(id.y * count.x + id.x); }
`;

/** The beginning of a shader of 64 threads on a grid made by `workgroupsFor`. */
export const mainOf64 = `
@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {`;
