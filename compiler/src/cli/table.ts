export interface Column {
  readonly title: string;
  readonly align: 'left' | 'right';
}

/** Columns padded to their widest cell, the header underlined. Lines have no trailing blanks. */
export function formatTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string[] {
  const widths = columns.map(({ title }, i) => Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => (columns[i]?.align === 'right' ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
      .join('  ')
      .trimEnd();
  const header = line(columns.map(({ title }) => title));
  return [header, widths.map((width) => '─'.repeat(width)).join('──'), ...rows.map(line)];
}
