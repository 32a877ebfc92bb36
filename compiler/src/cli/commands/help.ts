import type { Command } from 'commander';
import { messages } from '../../source/messages.js';
import { suggestion } from '../../source/suggest.js';
import type { Context } from '../context.js';
import { exitCodes, usageFailure } from '../exit.js';

/** `tfm help [command or code]` */
export async function help(topic: string | undefined, program: Command, context: Context): Promise<number> {
  const { stdout } = context.io;
  if (topic === undefined) {
    stdout.write(program.helpInformation());
    return exitCodes.ok;
  }
  const command = program.commands.find((candidate) => candidate.name() === topic);
  if (command) {
    command.outputHelp();
    return exitCodes.ok;
  }
  const explanation = await codeText(topic.toUpperCase());
  if (explanation === undefined) throw unknownTopic(topic, program);
  stdout.write(explanation);
  return exitCodes.ok;
}

/** What the table says of a code, compiler's or runtime's. */
async function codeText(code: string): Promise<string | undefined> {
  const found = Object.values(messages).find((message) => message.code === code);
  if (found) {
    const example = found.message.replaceAll(/\{(\w+)\}/g, '<$1>');
    const fix =
      'help' in found && !/^\{\w+\}$/.test(found.help)
        ? `\nThe likely fix: ${found.help.replaceAll(/\{(\w+)\}/g, '<$1>')}.\n`
        : '';
    return `${found.severity}[${code}]: ${found.title}\n\nIt reads: ${example}.\n${fix}`;
  }
  if (!code.startsWith('TFM5')) return undefined;
  const { runtimeErrors } = await import('@tfm-lang/runtime');
  const title = Object.entries(runtimeErrors).find(([known]) => known === code)?.[1];
  return title === undefined
    ? undefined
    : `error[${code}]: ${title}\n\nRaised by the runtime, while a model is loaded or runs.\n`;
}

function unknownTopic(topic: string, program: Command): Error {
  const topics = [
    ...program.commands.map((command) => command.name()),
    ...Object.values(messages).map(({ code }) => code),
  ];
  const near = suggestion(/^tfm\d/i.test(topic) ? topic.toUpperCase() : topic, topics);
  return usageFailure(`there is no command and no diagnostic '${topic}'`, near && `did you mean ${near}?`);
}
