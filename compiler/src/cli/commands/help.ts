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
  const explanation = await codeText(topic.toUpperCase(), Math.min(stdout.columns, 100));
  if (explanation === undefined) throw unknownTopic(topic, program);
  stdout.write(explanation);
  return exitCodes.ok;
}

/** A code's title and its explanation, compiler's or runtime's; `undefined` for a code that does not exist. */
async function codeText(code: string, width: number): Promise<string | undefined> {
  const title = await titleOf(code);
  if (title === undefined) return undefined;
  const { explanations } = await import('../../source/explanations/index.js');
  const { meaning, bad, good, fix } = explanations[code] ?? { meaning: '' };
  const parts = [
    title,
    wrapped(meaning, width),
    ...(bad === undefined ? [] : ['For example:', indented(bad)]),
    ...(good === undefined ? [] : [bad === undefined ? 'For example:' : 'Instead:', indented(good)]),
    ...(fix === undefined ? [] : [wrapped(fix, width)]),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

async function titleOf(code: string): Promise<string | undefined> {
  const found = Object.values(messages).find((message) => message.code === code);
  if (found) return `${found.severity}[${code}]: ${found.title}`;
  if (!code.startsWith('TFM5')) return undefined;
  const { runtimeErrors } = await import('@tfm-lang/runtime');
  const title = Object.entries(runtimeErrors).find(([known]) => known === code)?.[1];
  return title && `error[${code}]: ${title} (while a model is loaded or runs)`;
}

/** Paragraphs with lines of at most `width` characters, where words allow it. */
function wrapped(text: string, width: number): string {
  const paragraphs = text.split('\n\n').map((paragraph) => {
    const lines: string[] = [];
    for (const word of paragraph.split(/\s+/)) {
      const line = lines.at(-1);
      if (line !== undefined && line.length + 1 + word.length <= width) lines[lines.length - 1] = `${line} ${word}`;
      else lines.push(word);
    }
    return lines.join('\n');
  });
  return paragraphs.join('\n\n');
}

const indented = (text: string): string => text.replace(/^(?=.)/gm, '    ');

function unknownTopic(topic: string, program: Command): Error {
  const topics = [
    ...program.commands.map((command) => command.name()),
    ...Object.values(messages).map(({ code }) => code),
  ];
  const near = suggestion(/^tfm\d/i.test(topic) ? topic.toUpperCase() : topic, topics);
  return usageFailure(`there is no command and no diagnostic '${topic}'`, near && `did you mean ${near}?`);
}
