import { type Command, Option } from 'commander';
import { examples, type Start } from '../commands.js';
import { names, numberValue, settingValues, texts, tokenValues, wholeValue } from '../values.js';

/** The options of `tfm run`, as they come from the command line. */
export interface RunOptions {
  readonly weights?: string;
  readonly init?: number;
  readonly checkpoint?: string;
  readonly set?: Readonly<Record<string, unknown>>;
  readonly preset?: string;
  readonly backend?: 'webgpu' | 'wasm' | 'cpu';
  readonly tokenizer?: string;
  readonly prompt?: string;
  readonly promptTokens?: readonly number[];
  readonly chat?: boolean;
  readonly system?: string;
  readonly stop?: readonly string[];
  readonly maxNewTokens?: number;
  readonly temperature: number;
  readonly topK?: number;
  readonly topP?: number;
  readonly seed?: number;
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
    .option('--weights <path>', 'a safetensors file, an index of shards, or a folder with either')
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
    );
}

function declareGenerationOptions(command: Command): void {
  command
    .optionsGroup('Generation:')
    .option('--tokenizer <file>', 'tokenizer.json, or the folder with it (default: that beside the weights)')
    .addOption(new Option('--prompt <text>', 'the text to continue').conflicts('promptTokens'))
    .option('--prompt-tokens <ids>', 'the tokens to continue: 1,2,3', tokenValues)
    .addOption(
      new Option('--chat', 'a conversation: each line of standard input is a turn, or --prompt the only one').conflicts(
        ['promptTokens', 'inputs'],
      ),
    )
    .option('--system <text>', 'what the conversation begins with, for the model alone')
    .option('--stop <text>', 'end before this text (may be repeated)', texts)
    .option('-n, --max-new-tokens <n>', 'how many tokens at most (default: 64, in a conversation 512)', wholeValue(0))
    .option('--temperature <t>', '0 takes the most likely token', numberValue(0, 1e6, 'a number of at least 0'), 0.8)
    .option('--top-k <k>', 'only the k most likely tokens', wholeValue(1))
    .option('--top-p <p>', 'only the most likely tokens of this probability together', numberValue(0, 1, 'from 0 to 1'))
    .option('--seed <seed>', 'the same seed gives the same text', wholeValue(0));
}
