const most = 120;

/**
 * Breaks lines that the layout could not: long formulas of the configuration, types in comments. A line of code is broken
 * before an operator or behind a comma, outside of texts, and goes on four columns further in.
 */
export function wrapLongLines(text: string): string {
  if (!text.split('\n').some((line) => line.length > most)) return text;
  return text
    .split('\n')
    .flatMap((line) => wrapped(line))
    .join('\n');
}

function wrapped(line: string): string[] {
  if (line.length <= most) return [line];
  const indent = /^ */.exec(line)?.[0] ?? '';
  const comment = /^(?:\/\/|\*) /.exec(line.slice(indent.length))?.[0];
  const hang = comment === undefined ? `${indent}    ` : `${indent}${comment}`;
  const lines: string[] = [];
  let rest = line;
  while (rest.length > most) {
    const places = comment === undefined ? breaks(rest) : blanks(rest);
    const at = places.findLast((place) => place <= most && place > hang.length + 8);
    if (at === undefined) break;
    lines.push(rest.slice(0, at).trimEnd());
    rest = hang + rest.slice(at).trimStart();
  }
  return [...lines, rest];
}

/** Before `?`, `:` and binary operators, and behind commas. */
function breaks(line: string): number[] {
  const found: number[] = [];
  let quote = '';
  for (let i = 0; i < line.length; i++) {
    const sign = line[i] ?? '';
    if (quote !== '') {
      if (sign === '\\') i += 1;
      else if (sign === quote) quote = '';
    } else if (sign === "'" || sign === '"' || sign === '`') quote = sign;
    else if (sign === '/' && line[i + 1] === '/') break;
    else if (sign === ',' && line[i + 1] === ' ') found.push(i + 1);
    else if (sign === ' ' && /^ (?:[?:*/+]|-|&&|\|\||===|!==) /.test(line.slice(i, i + 5))) found.push(i);
  }
  return found;
}

function blanks(line: string): number[] {
  return [...line].flatMap((sign, i) => (sign === ' ' ? [i] : []));
}
