import type { Command } from 'commander';
import type { Context } from '../context.js';
import { exitCodes, usageFailure } from '../exit.js';

interface Word {
  readonly name: string;
  readonly summary: string;
}

interface CompletedCommand extends Word {
  readonly options: readonly (Word & { readonly choices: readonly string[] | undefined })[];
  /** What stands where a file would: `bash zsh fish` after `completion`. */
  readonly words: readonly string[];
}

const shells: Readonly<Record<string, (commands: readonly CompletedCommand[]) => string>> = { bash, zsh, fish };

/** `tfm completion SHELL` */
export function completion(shell: string, program: Command, { io }: Context): number {
  const script = Object.hasOwn(shells, shell) ? shells[shell] : undefined;
  if (!script)
    throw usageFailure(`there is no completion for '${shell}'`, `the shells are ${Object.keys(shells).join(', ')}`);
  io.stdout.write(script(program.commands.map(describe)));
  return exitCodes.ok;
}

function describe(command: Command): CompletedCommand {
  const name = command.name();
  const options = command.options.map(({ long, short, description, argChoices }) => ({
    name: long ?? short ?? '',
    summary: description,
    choices: argChoices,
  }));
  const words = { completion: Object.keys(shells), help: command.parent?.commands.map((other) => other.name()) };
  return {
    name,
    summary: command.summary(),
    options,
    words: (name === 'completion' || name === 'help' ? words[name] : []) ?? [],
  };
}

function bash(commands: readonly CompletedCommand[]): string {
  const cases = commands.map(({ name, options, words }) => {
    const after = options
      .filter(({ choices }) => choices)
      .map(
        (option) =>
          `        ${option.name}) COMPREPLY=($(compgen -W '${option.choices?.join(' ')}' -- "$word")); return ;;\n`,
      );
    const previous = after.length > 0 ? `      case "$previous" in\n${after.join('')}      esac\n` : '';
    return `    ${name})\n${previous}      options='${options.map((option) => option.name).join(' ')}'; words='${words.join(' ')}' ;;\n`;
  });
  return `# bash completion for tfm: source <(tfm completion bash)
_tfm() {
  local word="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" options='' words=''
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W '${commands.map(({ name }) => name).join(' ')}' -- "$word"))
    return
  fi
  case "\${COMP_WORDS[1]}" in
${cases.join('')}  esac
  case "$word" in
    -*) COMPREPLY=($(compgen -W "$options" -- "$word")) ;;
    *) COMPREPLY=($(compgen -W "$words" -- "$word") $(compgen -f -- "$word")) ;;
  esac
}
complete -o filenames -F _tfm tfm
`;
}

function zsh(commands: readonly CompletedCommand[]): string {
  const quote = (text: string): string =>
    text.replaceAll("'", "'\\''").replaceAll('[', '\\[').replaceAll(']', '\\]').replaceAll(':', '\\:');
  const cases = commands.map(({ name, options, words }) => {
    const specs = options.map(({ name: option, summary, choices }) => {
      const values = choices ? `:value:(${choices.join(' ')})` : '';
      return `'${option}[${quote(summary)}]${values}'`;
    });
    const rest = words.length > 0 ? `'*:word:(${words.join(' ')})'` : "'*:file:_files'";
    return `    ${name}) _arguments ${[...specs, rest].join(' ')} ;;\n`;
  });
  return `#compdef tfm
# zsh completion for tfm: tfm completion zsh > a folder of $fpath/_tfm
_tfm() {
  if (( CURRENT == 2 )); then
    local -a commands=(${commands.map(({ name, summary }) => `'${name}:${quote(summary)}'`).join(' ')})
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  (( CURRENT-- ))
  case $command in
${cases.join('')}  esac
}
compdef _tfm tfm
`;
}

function fish(commands: readonly CompletedCommand[]): string {
  const quote = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
  const lines = commands.flatMap(({ name, summary, options, words }) => [
    `complete -c tfm -n __fish_use_subcommand -f -a ${name} -d ${quote(summary)}`,
    ...(words.length > 0
      ? [`complete -c tfm -n '__fish_seen_subcommand_from ${name}' -f -a ${quote(words.join(' '))}`]
      : []),
    ...options.map((option) => {
      const values = option.choices ? ` -x -a ${quote(option.choices.join(' '))}` : '';
      return `complete -c tfm -n '__fish_seen_subcommand_from ${name}' -l ${option.name.replace(/^--/, '')} -d ${quote(option.summary)}${values}`;
    }),
  ]);
  return `# fish completion for tfm: tfm completion fish > ~/.config/fish/completions/tfm.fish\n${lines.join('\n')}\n`;
}
