/** Text of a spec as literals and comments of TypeScript: nothing in it can end the literal or the comment. */

const IDENTIFIER = /^[A-Za-z_$][A-Za-z0-9_$]*$/;

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const UNSAFE = /[\u0000-\u001f\u007f\u0085\u2028\u2029\ud800-\udfff]/g;

const escapeUnit = (unit: string): string => {
  if (unit === '\n') return '\\n';
  if (unit === '\t') return '\\t';
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
};

/** `text` as a string literal in single quotes. */
export function stringLiteral(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&').replace(UNSAFE, escapeUnit)}'`;
}

/** `text` as a part of a template literal. */
export function templateText(text: string): string {
  return text.replace(/[\\`]|\$(?=\{|$)/g, '\\$&').replace(UNSAFE, escapeUnit);
}

/** A property name, for interfaces and object literals. `__proto__` would set the prototype: only computed it does not. */
export function propertyName(name: string): string {
  if (name === '__proto__') return `['__proto__']`;
  return IDENTIFIER.test(name) ? name : stringLiteral(name);
}

/** `object.name`. */
export function member(object: string, name: string): string {
  return IDENTIFIER.test(name) ? `${object}.${name}` : `${object}[${stringLiteral(name)}]`;
}

/** `text` on one line of a comment, of either kind. */
export function commentText(text: string): string {
  return text
    .replace(/\*\//g, '*\\/')
    .replace(/[\r\n\u2028\u2029\u0085]+/g, ' ')
    .replace(UNSAFE, ' ')
    .trim();
}

/**
 * The lines of a documentation comment. An `@` at the start of a line would make it a tag, even a directive to the
 * type checker: it is escaped. Paragraphs with lines that are too long once indented are filled again.
 */
export function documentationText(...parts: readonly (string | undefined)[]): string {
  const lines = parts
    .filter((part) => part !== undefined)
    .flatMap((part) => filled(part.split(/\r\n|[\n\r\u2028\u2029\u0085]/).map(commentText)));
  return lines
    .map((line) => line.replace(/^[\s*/]*@/, (start) => `${start.slice(0, -1)}\\@`))
    .join('\n')
    .trim();
}

const DOCUMENTATION_WIDTH = 112;

function filled(lines: readonly string[]): string[] {
  const paragraphs: string[][] = [[]];
  for (const line of lines) {
    if (line === '') paragraphs.push([], []);
    else paragraphs.at(-1)?.push(line);
  }
  return paragraphs.flatMap((paragraph, index) => {
    // Every second one stands for an empty line.
    if (index % 2 === 1) return [''];
    return paragraph.some((line) => line.length > DOCUMENTATION_WIDTH) ? wrapped(paragraph.join(' ')) : paragraph;
  });
}

function wrapped(text: string): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= DOCUMENTATION_WIDTH)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** `layer_norm` → `layerNorm`, `EncoderLayer` → `encoderLayer`. */
export function camelCase(name: string): string {
  const joined = name.replace(/_+([A-Za-z0-9])/g, (_, next: string) => next.toUpperCase());
  return joined.charAt(0).toLowerCase() + joined.slice(1);
}

/** `attention` → `Attention`, `encoder_layer` → `EncoderLayer`. */
export function pascalCase(name: string): string {
  const camel = camelCase(name);
  return camel.charAt(0).toUpperCase() + camel.slice(1);
}
