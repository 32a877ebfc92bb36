/** What is wrong with the form of a template, if anything: `{i}`, `{a, b}` and `(optional.)?`, none inside its own kind. */
export function templateProblem(template: string): string | undefined {
  if (template === '') return 'it is empty';
  let rest = template;
  while (rest !== '') {
    const token = /^(?:\{([^{}]*)\}|\(([^()]*)\)\?|([^{}()?]+))/.exec(rest);
    if (!token) return problemAt(rest);
    const [whole, braces, optional] = token;
    if (braces?.split(',').some((item) => item.trim() === '')) return `{${braces}} has an empty item`;
    const inner = optional === undefined ? undefined : templateProblem(optional);
    if (inner !== undefined) return inner;
    rest = rest.slice(whole.length);
  }
  return undefined;
}

function problemAt(rest: string): string {
  switch (rest[0]) {
    case '{':
      return 'a { is not closed';
    case '(':
      return /^\([^()]*\)/.test(rest) ? 'parentheses stand around an optional part: (…)?' : 'a ( is not closed';
    case '?':
      return '? follows an optional part: (…)?';
    default:
      return `a ${rest[0]} has no beginning`;
  }
}
