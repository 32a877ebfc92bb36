import { type Command, Option } from 'commander';
import { declareBuild } from './commands/build-options.js';
import { declareRun } from './commands/run-options.js';
import type { Context } from './context.js';
import { settingValues, sizeValues } from './values.js';

/** Gives a command its context, and the way to tell its exit status. */
export type Start = (command: Command) => { readonly context: Context; readonly finish: (exitCode: number) => void };

/** Declares every command. The implementations are behind dynamic imports, so that each loads only what it needs. */
export function declareCommands(program: Command, start: Start): void {
  declareProjectCommands(program, start);
  declareBuild(program, start);
  declareExplain(program, start);
  declareRun(program, start);
  declareImport(program, start);
  declareHelpers(program, start);
}

/** How the arguments of commands that work on many specs are explained. */
export const pathsText = '.tfm files and folders; the current folder where none is given';

function declareProjectCommands(program: Command, start: Start): void {
  program
    .command('init')
    .summary('write a starter project')
    .description('Writes a small GPT as a spec, a tfm.config.json and a script that runs it. Never overwrites a file.')
    .argument('[dir]', 'where to write', '.')
    .option('-y, --yes', 'do not ask, write')
    .addHelpText('after', examples('tfm init', 'tfm init my-model --yes'))
    .action(async (dir: string, options: { yes?: boolean }, command: Command) => {
      const { context, finish } = start(command);
      finish(await (await import('./commands/init.js')).init(dir, options, context));
    });
  program
    .command('check')
    .summary('check specs without writing anything')
    .description('Parses and checks specs and prints every mistake.')
    .argument('[paths...]', pathsText)
    .addOption(new Option('--format <format>', 'how to print diagnostics').choices(['human', 'json', 'github']))
    .addOption(new Option('--json', 'the same as --format json').conflicts('format'))
    .addHelpText('after', examples('tfm check', 'tfm check gpt2.tfm', 'tfm check specs --format github'))
    .action(
      async (paths: string[], options: { format?: 'human' | 'json' | 'github'; json?: boolean }, command: Command) => {
        const { context, finish } = start(command);
        const format = options.json ? 'json' : (options.format ?? 'human');
        finish(await (await import('./commands/check.js')).check(paths, format, context));
      },
    );
  program
    .command('fmt')
    .summary('bring specs into their canonical form')
    .description('Formats specs in place. A file with a syntax error is left as it is.')
    .argument('[paths...]', pathsText)
    .option('--check', 'write nothing; exit with 1 and a list when a file is not formatted')
    .option('--stdin', 'format standard input to standard output')
    .addHelpText('after', examples('tfm fmt', 'tfm fmt --check specs', 'tfm fmt --stdin < gpt2.tfm'))
    .action(async (paths: string[], options: { check?: boolean; stdin?: boolean }, command: Command) => {
      const { context, finish } = start(command);
      finish(await (await import('./commands/fmt.js')).fmt(paths, options, context));
    });
}

function declareExplain(program: Command, start: Start): void {
  program
    .command('explain')
    .summary('show shapes, weights, FLOPs and memory')
    .description(
      'Shows every layer of a model with its shape, parameters, FLOPs and bytes, for a prefill and for one decode step.',
    )
    .argument('<spec>', 'a .tfm file; file.tfm#Model where it has several models')
    .option('-s, --set <name=value>', 'set a parameter (may be repeated)', settingValues)
    .option('-p, --preset <name>', 'take the values of a preset')
    .option('-a, --at <size>', 'the size of an input dimension: T=128 (may be repeated)', sizeValues)
    .option('--weights', 'list every weight as well')
    .option('--kernels', 'list every kernel that WebGPU runs as well')
    .option('--json', 'print everything as JSON')
    .addHelpText(
      'after',
      examples(
        'tfm explain gpt2.tfm',
        'tfm explain gpt2.tfm --preset Gpt2Medium --at T=1024',
        'tfm explain llama.tfm#Llama --set depth=2 --json',
      ),
    )
    .action(async (spec: string, options: import('./commands/explain.js').ExplainOptions, command: Command) => {
      const { context, finish } = start(command);
      finish(await (await import('./commands/explain.js')).explainCommand(spec, options, context));
    });
}

function declareImport(program: Command, start: Start): void {
  program
    .command('import')
    .summary('make a spec of a published config.json')
    .description(
      'Makes a spec of a Hugging Face config.json: a preset of a model of the library, with its checkpoint map. Prints it, or writes it to a file.',
    )
    .argument('[path]', 'a config.json, or the folder with it')
    .option('-o, --out <file>', 'write the spec to this file')
    .option('--partial', 'leave out what is not known, and say so in the spec')
    .option('--verbose', 'list the fields that were read, and those that change no number')
    .option('--list', 'list every architecture that is known')
    .addHelpText('after', examples('tfm import gpt2/ -o gpt2.tfm', 'tfm import config.json', 'tfm import --list'))
    .action(
      async (path: string | undefined, options: import('./commands/import.js').ImportOptions, command: Command) => {
        const { context, finish } = start(command);
        finish((await import('./commands/import.js')).importCommand(path, options, context));
      },
    );
}

function declareHelpers(program: Command, start: Start): void {
  program
    .command('completion')
    .summary('print a shell completion script')
    .description('Prints a script that completes commands, options and files.')
    .argument('<shell>', 'bash, zsh or fish')
    .addHelpText(
      'after',
      examples(
        'source <(tfm completion bash)',
        'tfm completion zsh > ~/.zfunc/_tfm',
        'tfm completion fish > ~/.config/fish/completions/tfm.fish',
      ),
    )
    .action(async (shell: string, _options: unknown, command: Command) => {
      const { context, finish } = start(command);
      finish((await import('./commands/completion.js')).completion(shell, program, context));
    });
  program
    .command('help')
    .summary('explain a command or a diagnostic code')
    .description('Prints the help of a command, or what a diagnostic code means.')
    .argument('[topic]', 'a command, or a code such as TFM2004')
    .addHelpText('after', examples('tfm help build', 'tfm help TFM2004'))
    .action(async (topic: string | undefined, _options: unknown, command: Command) => {
      const { context, finish } = start(command);
      finish(await (await import('./commands/help.js')).help(topic, program, context));
    });
}

/** The examples at the end of a command's help. */
export function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  ${line}`).join('\n')}`;
}
