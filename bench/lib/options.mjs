// @ts-check
// The command line: npm run bench -- [--case NAME…] [--engine NAME…] [--rounds N] [--quick] [--software] [--json FILE]
import { parseArgs } from 'node:util';
import { cases } from './cases.mjs';
import { engines } from './engines.mjs';
/** @import { Case, Engine } from './types.js' */

/** A command line that cannot be carried out: exit status 2. */
export class UsageError extends Error {}

export const usage = `usage: npm run bench -- [--case NAME…] [--engine NAME…] [--rounds N] [--quick] [--software] [--json FILE]

  --case NAME…    the cases to measure; 'cpu' (the default) and 'gpu' stand for all of a kind
  --engine NAME…  the engines to compare; by default all that this machine can run
  --rounds N      rounds of every case; by default as many as its cost allows
  --quick         two rounds: whether everything runs
  --software      webgpu engines on a software adapter, which says nothing about their speed
  --json FILE     write everything that was measured there
  --list          print the cases and engines`;

/**
 * @typedef {object} Options
 * @property {readonly Case[]} cases
 * @property {readonly Engine[] | undefined} engines those that were named
 * @property {number | undefined} rounds
 * @property {boolean} quick
 * @property {boolean} software
 * @property {boolean} list
 * @property {string | undefined} json
 */

/**
 * @param {readonly string[]} argv
 * @returns {Options}
 */
export function readOptions(argv) {
  const { values, tokens } = parsed(argv);
  /** @type {{ case: string[], engine: string[] }} */
  const named = { case: [], engine: [] };
  /** @type {'case' | 'engine' | undefined} */
  let last;
  for (const token of tokens) {
    if (token.kind === 'option') {
      last = token.name === 'case' || token.name === 'engine' ? token.name : undefined;
      if (last) named[last].push(...String(token.value).split(','));
    } else if (token.kind === 'positional') {
      if (!last) throw new UsageError(`'${token.value}' belongs to no option`);
      named[last].push(...token.value.split(','));
    }
  }
  const chosen = named.case.length === 0 ? casesNamed('cpu') : [...new Set(named.case.flatMap(casesNamed))];
  const wanted = named.engine.length === 0 ? undefined : [...new Set(named.engine.map(engineNamed))];
  for (const { name, engines: possible } of wanted ? chosen : []) {
    if (wanted?.some((engine) => possible.includes(engine.name))) continue;
    throw new UsageError(`${name} runs on ${possible.join(', ')} only`);
  }
  return {
    cases: chosen,
    engines: wanted,
    rounds: values.rounds === undefined ? undefined : roundsFrom(values.rounds),
    quick: values.quick === true,
    software: values.software === true,
    list: values.list === true,
    json: values.json,
  };
}

/** @param {readonly string[]} argv */
function parsed(argv) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      tokens: true,
      options: {
        case: { type: 'string', multiple: true },
        engine: { type: 'string', multiple: true },
        rounds: { type: 'string' },
        quick: { type: 'boolean' },
        software: { type: 'boolean' },
        list: { type: 'boolean' },
        json: { type: 'string' },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/** @param {string} name */
function casesNamed(name) {
  const found = cases.filter((each) => each.name === name || (each.group === name && name !== 'test'));
  if (found.length > 0) return found;
  const known = cases.filter(({ group }) => group !== 'test').map((each) => each.name);
  throw new UsageError(
    `there is no case '${name}'; the cases are ${known.join(', ')}, and cpu or gpu for all of a kind`,
  );
}

/** @param {string} name */
function engineNamed(name) {
  const found = engines.find((each) => each.name === name);
  if (found) return found;
  throw new UsageError(`there is no engine '${name}'; the engines are ${engines.map((each) => each.name).join(', ')}`);
}

/** @param {string} text */
function roundsFrom(text) {
  const rounds = Number(text);
  if (Number.isInteger(rounds) && rounds >= 1) return rounds;
  throw new UsageError(`--rounds takes a whole number from 1, not '${text}'`);
}
