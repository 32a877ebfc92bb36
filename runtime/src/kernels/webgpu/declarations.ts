/** The element of a storage array in WGSL. */
export type ElementType = 'f32' | 'vec2f' | 'vec4f' | 'i32' | 'vec2i' | 'vec4i';

interface Declared {
  /** The code uses subgroups. */
  readonly subgroups?: boolean;
  /** The code has numbers of 16 bits. */
  readonly halves?: boolean;
  readonly constants: Readonly<Record<string, number>>;
  readonly reads: Readonly<Record<string, { readonly as: ElementType }>>;
  readonly writes: Readonly<Record<string, { readonly as: ElementType }>>;
  readonly integers: Readonly<Record<string, number>>;
  readonly floats?: Readonly<Record<string, number>>;
}

/** The WGSL of constants, bindings (what is written, what is read, uniforms) and uniforms (integers, then floats). */
export function declarations({ subgroups, halves, constants, reads, writes, integers, floats = {} }: Declared): string {
  const lines = [...(subgroups ? ['enable subgroups;'] : []), ...(halves ? ['enable f16;'] : [])];
  lines.push(...Object.entries(constants).map(([name, value]) => `const ${name} = ${value};`));
  let binding = 0;
  for (const [name, { as }] of Object.entries(writes))
    lines.push(`@group(0) @binding(${binding++}) var<storage, read_write> ${name}: array<${as}>;`);
  for (const [name, { as }] of Object.entries(reads))
    lines.push(`@group(0) @binding(${binding++}) var<storage, read> ${name}: array<${as}>;`);
  const fields = [
    ...Object.keys(integers).map((name) => `${name}: i32`),
    ...Object.keys(floats).map((name) => `${name}: f32`),
  ];
  lines.push(
    `struct Uniforms { ${fields.join(', ')} }`,
    `@group(0) @binding(${binding}) var<uniform> uniforms: Uniforms;`,
  );
  return lines.join('\n');
}
