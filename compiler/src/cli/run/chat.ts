import type { GenerationState } from '@tfm-lang/runtime';
import { applyChatTemplate, type ChatMessage, promptInputsOf, streamText } from '@tfm-lang/runtime/tasks';
import type { RunOptions } from '../commands/run-options.js';
import type { Context } from '../context.js';
import { generateOptions } from './generate-options.js';
import { speedometer } from './generation.js';
import type { GeneratedModel } from './model-module.js';
import { tellPublished } from './published.js';
import type { Text } from './text.js';

/**
 * A conversation, written for the model by the chat template of its tokenizer. Each line of standard input is a turn of
 * the user, or `--prompt` the only one; the answers are printed as they come.
 */
export async function chat(model: GeneratedModel, text: Text, options: RunOptions, context: Context): Promise<void> {
  const { io } = context;
  const { tokenizer } = text;
  if (!tokenizer) throw new Error('a chat was begun without a tokenizer');
  const { prompt, system, stop } = options;
  const messages: ChatMessage[] = system === undefined ? [] : [{ role: 'system', content: system }];
  const turns = prompt === undefined ? io.lines('> ') : [prompt];
  let state: GenerationState | undefined;
  try {
    for await (const turn of turns) {
      if (turn.trim() === '') continue;
      messages.push({ role: 'user', content: turn });
      const tokens = tokenizer.encode(await applyChatTemplate(tokenizer, messages), { specialTokens: false });
      const speed = speedometer();
      const own = generateOptions(options, text, tokens.length, io.signal);
      if (messages.every(({ role }) => role !== 'assistant')) tellPublished(text, options, own, context);
      state ??= stateOf(model, tokens);
      const answer = streamText(model, tokenizer, tokens, {
        ...own,
        onProgress: speed.onProgress,
        ...(stop && { stop }),
        ...(state && { state }),
      });
      messages.push({ role: 'assistant', content: await printed(answer, io.stdout) });
      io.stderr.write(`${speed.line(tokens.length)}\n`);
    }
  } finally {
    state?.dispose();
  }
}

/** A state that every turn goes on with: what was said before is not computed again. An encoder–decoder has a source instead. */
function stateOf(model: GeneratedModel, tokens: readonly number[]): GenerationState | undefined {
  const { inputs, continues } = promptInputsOf(model, tokens);
  if (!continues) return undefined;
  const { logits, state } = model.prefill(inputs);
  logits.dispose();
  return state;
}

/** Prints an answer as it comes, and gives it back. */
async function printed(answer: ReturnType<typeof streamText>, stdout: Context['io']['stdout']): Promise<string> {
  for (;;) {
    const { done, value } = await answer.next();
    stdout.write(done ? '\n' : value);
    if (done) return value.text;
  }
}
