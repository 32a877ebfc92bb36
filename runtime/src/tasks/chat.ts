import { TfmError } from '../errors.js';
import type { Tokenizer } from './tokenizer.js';

/** One turn of a conversation. */
export interface ChatMessage {
  /** Usually `system`, `user` or `assistant`; the template decides. */
  readonly role: string;
  readonly content: string;
}

/**
 * A conversation as the text that the model was trained on, by the tokenizer's chat template, up to where the model's
 * answer begins. Encode it without special tokens: it has them. Rejects with TFM5603.
 */
export async function applyChatTemplate(tokenizer: Tokenizer, messages: readonly ChatMessage[]): Promise<string> {
  const { chatTemplate, specialTokens } = tokenizer;
  if (chatTemplate === undefined) {
    const help = 'it would stand in tokenizer_config.json or chat_template.jinja; give the prompt as one text';
    throw new TfmError('TFM5603', 'the tokenizer has no chat template', help);
  }
  const { Template } = await implementation();
  const tokens = Object.entries(specialTokens).map(([role, text]) => [`${role}_token`, text]);
  try {
    return new Template(chatTemplate).render({
      messages,
      add_generation_prompt: true,
      tools: null,
      documents: null,
      ...Object.fromEntries(tokens),
    });
  } catch (cause) {
    throw new TfmError('TFM5603', `the chat template refuses: ${(cause as Error).message}`, undefined, { cause });
  }
}

async function implementation(): Promise<typeof import('@huggingface/jinja')> {
  try {
    return await import('@huggingface/jinja');
  } catch (cause) {
    const help = 'npm install @huggingface/jinja';
    throw new TfmError('TFM5603', 'the package @huggingface/jinja is not installed', help, { cause });
  }
}
