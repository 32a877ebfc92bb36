import { type ChatMessage, streamText } from '@tfm-lang/runtime/tasks';
import type { RunOptions } from '../commands/run-options.js';
import type { Context } from '../context.js';
import { generateOptions } from './generate-options.js';
import { speedometer } from './generation.js';
import type { GeneratedModel } from './model-module.js';
import type { Text } from './text.js';

/**
 * A conversation, written for the model by the chat template of its tokenizer. Each line of standard input is a turn of
 * the user, or `--prompt` the only one; the answers are printed as they come.
 */
export async function chat(model: GeneratedModel, text: Text, options: RunOptions, { io }: Context): Promise<void> {
  const { tokenizer } = text;
  if (!tokenizer) throw new Error('a chat was begun without a tokenizer');
  const { prompt, system, stop } = options;
  const messages: ChatMessage[] = system === undefined ? [] : [{ role: 'system', content: system }];
  const turns = prompt === undefined ? io.lines('> ') : [prompt];
  for await (const turn of turns) {
    if (turn.trim() === '') continue;
    messages.push({ role: 'user', content: turn });
    const speed = speedometer();
    const answer = streamText(model, tokenizer, messages, {
      ...generateOptions(options, text, io.signal),
      onProgress: speed.onProgress,
      ...(stop && { stop }),
    });
    for (;;) {
      const { done, value } = await answer.next();
      if (!done) {
        io.stdout.write(value);
        continue;
      }
      messages.push({ role: 'assistant', content: value.text });
      io.stdout.write('\n');
      io.stderr.write(`${speed.line(value.promptTokens)}\n`);
      break;
    }
  }
}
