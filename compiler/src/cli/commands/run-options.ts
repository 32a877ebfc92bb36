import { type Command, Option } from 'commander';
import { examples, type Start } from '../commands.js';
import { names, settingValues, wholeValue } from '../values.js';
import { declareGenerationOptions, type GenerationOptions } from './generation-options.js';

/** The options of `tfm run`, as they come from the command line. */
export interface RunOptions extends GenerationOptions {
  readonly weights?: string;
  readonly init?: number;
  readonly checkpoint?: string;
  readonly set?: Readonly<Record<string, unknown>>;
  readonly preset?: string;
  readonly backend?: 'webgpu' | 'wasm' | 'cpu';
  readonly threads?: number;
  readonly inputs?: string;
  readonly outputs?: string;
  readonly output?: readonly string[];
}

export function declareRun(program: Command, start: Start): void {
  const command = program
    .command('run')
    .summary('run a model: generate text, or compute outputs from inputs')
    .description(
      'Generates from a prompt and prints it with what follows, or (--inputs) runs the model once on tensors of a file. ' +
        'Progress and speed go to standard error.',
    )
    .argument('<spec>', 'a .tfm file; file.tfm#Model where it has several models');
  declareModelOptions(command);
  declareGenerationOptions(command);
  command
    .optionsGroup('Once, on given inputs:')
    .addOption(
      new Option('--inputs <file>', 'safetensors with a tensor for each input').conflicts(['prompt', 'promptTokens']),
    )
    .option('--outputs <file>', 'write every output to this safetensors file')
    .option('--output <name>', 'compute only these outputs (may be repeated)', names)
    .addHelpText(
      'after',
      examples(
        'tfm run gpt2.tfm --weights gpt2/ --prompt "Once upon a time"',
        'tfm run qwen3.tfm --weights qwen3/ --chat --system "Answer in one sentence."',
        'tfm run llama.tfm --weights model.safetensors --prompt-tokens 1,15043 --max-new-tokens 16',
        'tfm run marian.tfm --weights marian/ --prompt "Good morning" --beams 4',
        'tfm run gpt2.tfm --init 1 --set depth=2 --prompt-tokens 5 --max-new-tokens 4',
        'tfm run bert.tfm --weights bert/ --inputs in.safetensors --outputs out.safetensors',
      ),
    )
    .action(async (spec: string, options: RunOptions, running: Command) => {
      const { context, finish } = start(running);
      finish(await (await import('./run.js')).run(spec, options, context));
    });
}

function declareModelOptions(command: Command): void {
  command
    .optionsGroup('Model:')
    .option(
      '--weights <path>',
      'safetensors: a file, an index of shards, a folder with either, a URL, or hub:owner/name',
    )
    .addOption(new Option('--init <seed>', 'random weights instead').argParser(wholeValue(0)).conflicts('weights'))
    .option('--checkpoint <name>', "the spec's checkpoint map to read the weights with")
    .option('-s, --set <name=value>', 'set a parameter (may be repeated)', settingValues)
    .option('-p, --preset <name>', 'take the values of a preset')
    .addOption(
      new Option('--backend <backend>', 'where to compute (default: webgpu where there is a GPU, else wasm)').choices([
        'webgpu',
        'wasm',
        'cpu',
      ]),
    )
    .addOption(
      new Option('--threads <n>', 'threads of the backend wasm (default: 1)')
        .argParser(wholeValue(1))
        .implies({ backend: 'wasm' }),
    );
}
