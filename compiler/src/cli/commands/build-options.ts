import { type Command, InvalidArgumentError, Option } from 'commander';
import { opsets } from '../../emit/onnx/file/schema.js';
import { examples, pathsText, type Start } from '../commands.js';
import { usageFailure } from '../exit.js';
import type { Target } from '../generate.js';
import type { Choice } from '../spec.js';
import { names, settingValues, wholeValue } from '../values.js';

/** The options of `tfm build`, as they come from the command line. */
export interface BuildOptions extends OnnxBuildOptions {
  readonly out?: string;
  readonly target?: Target;
  readonly check?: boolean;
  readonly watch?: boolean;
  readonly stdout?: boolean;
}

/** Those that only ONNX has: its file holds a configured model with its weights. */
export interface OnnxBuildOptions extends Choice {
  readonly opset?: number;
  readonly entry?: readonly EntryChoice[];
  readonly output?: readonly string[];
  readonly weights?: string;
  readonly init?: number;
  readonly checkpoint?: string;
  readonly externalData?: boolean;
}

const entries = ['forward', 'prefill', 'decode', 'all'] as const;
export type EntryChoice = (typeof entries)[number];

export function declareBuild(program: Command, start: Start): void {
  const command = program
    .command('build')
    .summary('generate TypeScript, or ONNX models, from specs')
    .description(
      'Generates a TypeScript module beside each spec: gpt2.tfm becomes gpt2.tfm.ts. With --target onnx, a model with its ' +
        'weights for any ONNX runtime: gpt2.onnx.',
    )
    .argument('[paths...]', `${pathsText}, or what the configuration names; for ONNX also file.tfm#Model`)
    .option('-o, --out <dir>', 'write below this folder instead; for one ONNX model also FILE.onnx')
    .addOption(new Option('-t, --target <target>', 'what to generate').choices(['typescript', 'graph', 'onnx']))
    .addOption(
      new Option('--check', 'write nothing; exit with 1 and a list when a file is out of date').conflicts('watch'),
    )
    .option('-w, --watch', 'build again whenever a spec changes')
    .addOption(new Option('--stdout', 'print what one spec generates').conflicts(['watch', 'check', 'out']));
  declareOnnxOptions(command);
  command
    .addHelpText(
      'after',
      examples(
        'tfm build',
        'tfm build gpt2.tfm --stdout',
        'tfm build specs --out src/models',
        'tfm build --check',
        'tfm build --watch',
        'tfm build gpt2.tfm --target onnx --weights gpt2/ --entry all',
      ),
    )
    .action(async (paths: string[], options: BuildOptions, building: Command) => {
      const { context, finish } = start(building);
      finish(await (await import('./build.js')).build(paths, options, context));
    });
}

function declareOnnxOptions(command: Command): void {
  command
    .optionsGroup('ONNX:')
    .option(
      '--weights <path>',
      'safetensors: a file, an index of shards, a folder with either, a URL, or hub:owner/name',
    )
    .addOption(new Option('--init <seed>', 'random weights instead').argParser(wholeValue(0)).conflicts('weights'))
    .option('--checkpoint <name>', "the spec's checkpoint map to read the weights with")
    .option('-s, --set <name=value>', 'set a parameter (may be repeated)', settingValues)
    .option('-p, --preset <name>', 'take the values of a preset')
    .option('--entry <name>', 'forward, prefill, decode (may be repeated) or all (default: forward)', entryNames)
    .option('--output <name>', 'only these outputs, and what they need (may be repeated)', names)
    .option('--opset <n>', `operator set, ${opsets.oldest} to ${opsets.newest} (default: ${opsets.usual})`, opset)
    .option('--external-data', 'weights in a file of their own, as above 2 GB in any case');
}

function entryNames(text: string, previous: readonly EntryChoice[] = []): readonly EntryChoice[] {
  const chosen = names(text).map((name) => {
    const found = entries.find((entry) => entry === name);
    if (!found) throw new InvalidArgumentError(`It is one of ${entries.join(', ')}.`);
    return found;
  });
  return [...previous, ...chosen];
}

function opset(text: string): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= opsets.oldest && value <= opsets.newest) return value;
  throw new InvalidArgumentError(`It is a whole number from ${opsets.oldest} to ${opsets.newest}.`);
}

const onnxFlags: Readonly<Record<keyof OnnxBuildOptions, string>> = {
  weights: '--weights',
  init: '--init',
  checkpoint: '--checkpoint',
  set: '--set',
  preset: '--preset',
  entry: '--entry',
  output: '--output',
  opset: '--opset',
  externalData: '--external-data',
};

/** What one option needs of the others, and commander cannot say. Throws a failure. */
export function checkBuildOptions(options: BuildOptions, target: Target): void {
  if (target === 'onnx') {
    if (options.stdout) throw usageFailure('--stdout prints text, and an ONNX model is none', 'give --out FILE.onnx');
    if (options.weights === undefined && options.init === undefined)
      throw usageFailure('give --weights FILE, or --init SEED for random weights');
    return;
  }
  const keys = Object.keys(onnxFlags) as (keyof OnnxBuildOptions)[];
  const used = keys.find((key) => options[key] !== undefined);
  if (used !== undefined) throw usageFailure(`${onnxFlags[used]} is only for --target onnx`, 'add --target onnx');
}
