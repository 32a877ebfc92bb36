import { type Expression, parse } from '@tfm-lang/grammar';
import { describe, expect, it } from 'vitest';
import { sketches, spansOf } from './kit.js';

/** The value of `let a = …`, written with all its parentheses. */
function read(text: string): string {
  const { file, mistakes } = parse(`model M {\nlet a = ${text}\n}`);
  expect(mistakes, text).toEqual([]);
  const model = file.declarations[0];
  const statement = model?.kind === 'model' ? model.statements[0] : undefined;
  if (statement?.kind !== 'let') throw new Error(`no let in ${text}`);
  return shape(statement.value);
}

function shape(value: Expression): string {
  switch (value.kind) {
    case 'pipe':
      return `(${value.parts.map(shape).join(' -> ')})`;
    case 'binary':
      return `(${shape(value.left)} ${value.operator} ${shape(value.right)})`;
    case 'unary':
      return `(${value.operator} ${shape(value.operand)})`;
    case 'labelled':
      return `[${shape(value.value)} as ${value.label.name}${value.was ? ` was ${value.was.name}` : ''}]`;
    case 'call': {
      const list = value.arguments.map(({ name, value: inner }) => (name ? `${name.name}: ` : '') + shape(inner));
      return `${shape(value.callee)}(${list.join(', ')})${value.trailing ? `{${shape(value.trailing)}}` : ''}`;
    }
    case 'index':
      return `${shape(value.object)}[${value.indices.map(shape).join(', ')}]`;
    case 'member':
      return `${shape(value.object)}.${value.property.name}`;
    case 'if':
      return `if(${shape(value.condition)}, ${shape(value.then)}, ${shape(value.else)})`;
    case 'match': {
      const arms = value.arms.map((arm) => `${arm.patterns.map(shape).join('|') || '_'}: ${shape(arm.value)}`);
      return `match(${shape(value.subject)}; ${arms.join('; ')})`;
    }
    case 'lambda':
      return `λ${value.parameters.map(({ name }) => name).join(' ')}.${value.body.kind === 'body' ? '{…}' : shape(value.body)}`;
    case 'residual':
      return `residual{${shape(value.body)}}`;
    case 'repeat':
      return `repeat(${shape(value.count)}${value.index ? `, ${value.index.name}` : ''}){${shape(value.body)}}`;
    case 'parenthesized':
      return value.items.map(shape).join(', ');
    case 'record':
      return `{${value.fields.map((field) => `${field.name.name}: ${shape(field.value)}`).join(', ')}}`;
    case 'list':
      return `[${value.items.map(shape).join(', ')}]`;
    case 'number':
      return value.text;
    case 'name':
      return value.name;
    default:
      return value.kind;
  }
}

describe('sketches', () => {
  it.each(sketches)('$name parses without a mistake', ({ text }) => {
    const { file, mistakes } = parse(text);
    expect(mistakes).toEqual([]);
    expect(file.declarations.length).toBeGreaterThan(0);
    for (const { start, end } of spansOf(file)) {
      expect(start).toBeLessThan(end);
      expect(end).toBeLessThanOrEqual(text.length);
    }
  });

  it('are all there', () => {
    expect(sketches).toHaveLength(27);
  });
});

describe('precedence', () => {
  it.each([
    ['a + b * c', '(a + (b * c))'],
    ['a - b - c', '((a - b) - c)'],
    ['-a ** b', '(- (a ** b))'],
    ['2 ** -8', '(2 ** (- 8))'],
    ['2 ** -a ** b', '(2 ** (- (a ** b)))'],
    ['a ** b ** c', '(a ** (b ** c))'],
    ['-a * b', '((- a) * b)'],
    ['a % 2 == 0', '((a % 2) == 0)'],
    ['not a == b and c or d', '(((not (a == b)) and c) or d)'],
    ['a or b and not c', '(a or (b and (not c)))'],
    ['q in text and k in image', '((q in text) and (k in image))'],
    ['a -> b + c -> d', '(a -> (b + c) -> d)'],
    ['a * linear(h) as up', '(a * [linear(h) as up])'],
    ['x -> linear(4) as q -> relu', '(x -> [linear(4) as q] -> relu)'],
    ['x as new was old -> y', '([x as new was old] -> y)'],
    ['x -> if c then a else b as f -> g', '(x -> if(c, a, [b as f]) -> g)'],
    ['x -> if c { a -> d } else { b } as f -> g', '(x -> [if(c, (a -> d), b) as f] -> g)'],
    ['if a then b else if c then d else e', 'if(a, b, if(c, d, e))'],
    ['match i % 4 { 0, 2 => a, 1 => b -> c, _ => d }', 'match((i % 4); 0|2: a; 1: (b -> c); _: d)'],
    ['(q, k) => q < k and k < n', 'λq k.((q < k) and (k < n))'],
    ['(f) => { let g = f return g }', 'λf.{…}'],
    ['() => 1', 'λ.1'],
    ['a.b[i, j].c(d)(e)', 'a.b[i, j].c(d)(e)'],
    ['if f(x) { a } else { b }', 'if(f(x), a, b)'],
    ['experts(8, top: 2) as expert { Feed }', '[experts(8, top: 2){Feed} as expert]'],
    ['experts(8) { Feed } as expert', '[experts(8){Feed} as expert]'],
    ['repeat(n, i) as layers { residual { f } }', '[repeat(n, i){residual{f}} as layers]'],
    ['repeat(n) { f } as layers', '[repeat(n){f} as layers]'],
    ['f(a, (b), [1, 2,], {q: true,},)', 'f(a, b, [1, 2], {q: boolean})'],
    ['1e-5 + 1e6 + 0.5 - 10', '(((1e-5 + 1e6) + 0.5) - 10)'],
  ])('%s', (text, expected) => {
    expect(read(text)).toBe(expected);
  });
});

describe('keywords in their places', () => {
  it.each([
    ['as a label', 'x as repeat -> y as mask', '([x as repeat] -> [y as mask])'],
    ['as the name of an argument', 'f(mask: mask, if: score, in: pad)', 'f(mask: mask, if: score, in: pad)'],
    ['as a field', '{output: 1, model: 2}', '{output: 1, model: 2}'],
    ['as a member', 'a.input.repeat', 'a.input.repeat'],
    ['contextual ones as values', 'mask + score * pad(start, stop) - of', '((mask + (score * pad(start, stop))) - of)'],
  ])('%s', (_, text, expected) => {
    expect(read(text)).toBe(expected);
  });

  it('as parts of checkpoint paths', () => {
    const { file, mistakes } = parse(`model M {
      checkpoint prefix {
        output.{input, repeat}[i].model = "a.{i}"
        ignore = "b"
        when[0].also = "c" default 0 when gated
        default.weight = "d" or "e" for logits, pooled
        ignore "f" when not gated
      }
    }`);
    expect(mistakes).toEqual([]);
    const model = file.declarations[0];
    const checkpoint = model?.kind === 'model' ? model.statements[0] : undefined;
    if (checkpoint?.kind !== 'checkpoint') throw new Error('no checkpoint');
    expect(checkpoint.rules.map((rule) => rule.kind)).toEqual(['rule', 'rule', 'rule', 'rule', 'ignore']);
    const paths = checkpoint.rules.flatMap((rule) => (rule.kind === 'rule' ? [rule.path.segments] : []));
    expect(
      paths.map((segments) => segments.map(({ names }) => names.map(({ name }) => name).join()).join('.')),
    ).toEqual(['output.input,repeat.model', 'ignore', 'when.also', 'default.weight']);
  });

  it('as statements between others', () => {
    const { file, mistakes } = parse(
      'block F from x {\n let mask = x\n mask causal_2 = mask\n score s = mask\n return mask\n}',
    );
    expect(mistakes).toEqual([]);
    const block = file.declarations[0];
    const body = block?.kind === 'block' && block.body.kind === 'body' ? block.body : undefined;
    expect(body?.statements.map(({ kind }) => kind)).toEqual(['let', 'mask', 'score']);
  });
});

describe('streams and types', () => {
  const streamOf = (text: string) => {
    const { file, mistakes } = parse(text);
    expect(mistakes).toEqual([]);
    const block = file.declarations[0];
    return block?.kind === 'block' ? block.stream : undefined;
  };

  it('a stream has a name, a type, or both', () => {
    expect(streamOf('block F from x = f')).toMatchObject({ name: { name: 'x' } });
    expect(streamOf('block F(a) from x: float[.., width] { return x }')).toMatchObject({
      name: { name: 'x' },
      type: { dtype: { name: 'float' }, open: true, dimensions: [{ size: { name: 'width' } }] },
    });
    const unnamed = streamOf('block F(a) from float[.., width] = f');
    expect(unnamed).toMatchObject({ type: { open: true } });
    expect(unnamed).not.toHaveProperty('name');
  });

  it('an input has a type and options', () => {
    const { file } = parse('model M { input t: token[B, T <= 2 * context] of vocab pad 0 start -1 stop 2 default 3 }');
    const model = file.declarations[0];
    const input = model?.kind === 'model' ? model.statements[0] : undefined;
    expect(input).toMatchObject({
      kind: 'input',
      type: {
        dimensions: [{ size: { name: 'B' } }, { size: { name: 'T' }, most: { kind: 'binary' } }],
        of: { name: 'vocab' },
      },
      options: [{ name: 'pad' }, { name: 'start' }, { name: 'stop' }, { name: 'default' }],
    });
  });
});

describe('documentation', () => {
  it('is the run of /// lines directly before a declaration', () => {
    const { file } = parse(
      '/// Not this.\n// Nor this.\n/// One.\n///  Two.\nmodel M {\n  /// In.\n  let a = 1 /// behind\n  let b = 2\n}',
    );
    const model = file.declarations[0];
    expect(model).toMatchObject({ documentation: { text: 'One.\n Two.' } });
    const [a, b] = model?.kind === 'model' ? model.statements : [];
    expect(a).toMatchObject({ documentation: { text: 'In.' } });
    expect(b).not.toHaveProperty('documentation');
    expect(file.comments).toHaveLength(6);
  });
});

describe('texts', () => {
  it('have their escapes resolved and their {parts} left alone', () => {
    const { file, mistakes } = parse(String.raw`model M { require a : "a \"b\" \\ \n \u{1F600} {width % 2}" }`);
    expect(mistakes).toEqual([]);
    const model = file.declarations[0];
    const statement = model?.kind === 'model' ? model.statements[0] : undefined;
    expect(statement).toMatchObject({ message: { value: 'a "b" \\ \n 😀 {width % 2}' } });
  });
});
