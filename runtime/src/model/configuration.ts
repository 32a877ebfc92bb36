import { TfmError } from '../errors.js';
import { nearest } from '../weights/nearest.js';

/** Reads a configuration that a user gave: every member is known and of its type. */
export class ConfigurationReader {
  readonly #model: string;
  readonly #given: ReadonlyMap<string, unknown>;

  constructor(model: string, given: ReadonlyMap<string, unknown>) {
    this.#model = model;
    this.#given = given;
  }

  integer = (name: string, otherwise?: number): number => this.#read(name, 'a whole number', isInteger, otherwise);
  number = (name: string, otherwise?: number): number => this.#read(name, 'a number', isNumber, otherwise);
  boolean = (name: string, otherwise?: boolean): boolean => this.#read(name, 'true or false', isBoolean, otherwise);
  string = (name: string, otherwise?: string): string => this.#read(name, 'a text', isString, otherwise);
  integers = (name: string, otherwise?: readonly number[]): readonly number[] =>
    this.#read(name, 'a list of whole numbers', listOf(isInteger), otherwise);
  numbers = (name: string, otherwise?: readonly number[]): readonly number[] =>
    this.#read(name, 'a list of numbers', listOf(isNumber), otherwise);
  booleans = (name: string, otherwise?: readonly boolean[]): readonly boolean[] =>
    this.#read(name, 'a list of true and false', listOf(isBoolean), otherwise);
  optionalInteger = (name: string, otherwise: number | null = null): number | null =>
    this.#read(name, 'a whole number or null', orNull(isInteger), otherwise);
  optionalNumber = (name: string, otherwise: number | null = null): number | null =>
    this.#read(name, 'a number or null', orNull(isNumber), otherwise);

  #read<T>(name: string, expected: string, test: (value: unknown) => value is T, otherwise: T | undefined): T {
    const value = this.#given.get(name) ?? otherwise;
    if (value === undefined) {
      throw new TfmError('TFM5302', `${this.#model} needs a value for '${name}': it has no default`);
    }
    if (test(value)) return value;
    const shown = JSON.stringify(value) ?? String(value);
    throw new TfmError('TFM5302', `'${name}' of ${this.#model} must be ${expected}, it is ${shown}`);
  }
}

/** Throws TFM5302 for a member that is no parameter of the model. `undefined` counts as not given. */
export function configuration(model: string, given: object, parameters: readonly string[]): ConfigurationReader {
  const values = new Map(Object.entries(given).filter(([, value]) => value !== undefined));
  for (const name of values.keys()) {
    if (parameters.includes(name)) continue;
    const near = nearest(name, parameters, (parameter) => parameter);
    throw new TfmError(
      'TFM5302',
      `${model} has no parameter '${name}'`,
      near === undefined ? `its parameters are ${parameters.join(', ')}` : `did you mean '${near}'?`,
    );
  }
  return new ConfigurationReader(model, values);
}

/** A requirement of the spec, in its own words and with its place. Throws TFM5301 where it does not hold. */
export function requireThat(condition: boolean, message: string, place: string): void {
  if (!condition) throw new TfmError('TFM5301', message, `required at ${place}`);
}

const isNumber = (value: unknown): value is number => typeof value === 'number' && !Number.isNaN(value);
const isInteger = (value: unknown): value is number => Number.isSafeInteger(value);
const isBoolean = (value: unknown): value is boolean => typeof value === 'boolean';
const isString = (value: unknown): value is string => typeof value === 'string';

function listOf<T>(test: (value: unknown) => value is T): (value: unknown) => value is readonly T[] {
  return (value): value is readonly T[] => Array.isArray(value) && value.every(test);
}

function orNull<T>(test: (value: unknown) => value is T): (value: unknown) => value is T | null {
  return (value): value is T | null => value === null || test(value);
}
