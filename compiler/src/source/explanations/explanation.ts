/** What `tfm help CODE` and the page of a code say beyond its title. */
export interface Explanation {
  /** What it means and why it is a mistake: paragraphs of Markdown. */
  readonly meaning: string;
  /** A spec that has the mistake, and no other. */
  readonly bad?: string;
  /** The same spec without it. */
  readonly good?: string;
  /** What to do; where `good` stands beside it, only what `good` does not show. */
  readonly fix?: string;
  /** Files beside the spec that the examples import, by name. */
  readonly files?: Readonly<Record<string, string>>;
}

/** A template whose lines lose their common indentation, and the line breaks at both ends. */
export function lines(strings: TemplateStringsArray): string {
  const text = strings.join('').replace(/^\n/, '').replace(/\n *$/, '');
  const indents = [...text.matchAll(/^ *(?=\S)/gm)].map(([spaces]) => spaces.length);
  const common = Math.min(...indents);
  return text.replace(new RegExp(`^ {${common}}`, 'gm'), '');
}
