import { Command, Option } from 'commander';
import { declareCommands } from './commands.js';
import type { Context } from './context.js';
import type { Io } from './io.js';
import { toolVersion } from './version.js';

/** The command line's grammar. A command's implementation is imported when the command runs: `finish` gets its status. */
export function makeProgram(io: Io, finish: (exitCode: number) => void): Command {
  const program = withColor(new Command('tfm'))
    .description('The compiler of tfm, a small language for transformer models.')
    .usage('COMMAND [options]')
    .version(toolVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand(false)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
      getOutHelpWidth: () => io.stdout.columns,
      getErrHelpWidth: () => io.stderr.columns,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .addHelpText('after', '\nExamples:\n  tfm init\n  tfm build specs\n  tfm help TFM2004');
  declareCommands(program, (command) => {
    const { color } = command.optsWithGlobals<{ color?: boolean }>();
    return { context: { io, color } satisfies Context, finish };
  });
  for (const command of program.commands)
    withColor(command).helpOption('-h, --help', 'print this help').copyInheritedSettings(program);
  return program;
}

function withColor(command: Command): Command {
  return command
    .addOption(new Option('--color', 'colour the output').helpGroup('Options:'))
    .addOption(new Option('--no-color', 'do not colour the output').default(undefined).helpGroup('Options:'));
}
