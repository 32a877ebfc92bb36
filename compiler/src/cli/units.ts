/** Numbers for people: `124,439,808`, `1.24 G`, `36.0 KiB`. */

const grouping = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/** All digits, in groups of three. */
export function count(value: number): string {
  return grouping.format(value);
}

/** Three digits and a decimal prefix. */
export function decimal(value: number, unit = ''): string {
  return scaled(value, 1000, ['', 'k', 'M', 'G', 'T', 'P', 'E'], unit);
}

/** Three digits and a binary prefix. */
export function bytes(value: number): string {
  return scaled(value, 1024, ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'], 'B');
}

function scaled(value: number, step: number, prefixes: readonly string[], unit: string): string {
  let scale = 0;
  let rest = value;
  // 999.5 k would be printed as 1000 k.
  while (rest >= step - 0.5 && scale < prefixes.length - 1) {
    rest /= step;
    scale++;
  }
  const digits = scale === 0 || rest >= 99.95 ? 0 : rest >= 9.995 ? 1 : 2;
  return `${rest.toFixed(digits)} ${prefixes[scale]}${unit}`.trimEnd();
}
