import { type BackendName, read, useBackend } from '@tfm-lang/runtime';
import { Llama, Stories260K } from 'llama.tfm';

/** What the page found out, for the test to compare. */
interface PageResult {
  readonly backend: string;
  /** The first greedy tokens. */
  readonly generated: readonly number[];
  /** Logits of one pass over the given tokens, [positions, 512] in a row. */
  readonly logits: readonly number[];
}

async function run(wanted: BackendName, tokens: readonly number[], threads?: number): Promise<PageResult> {
  const backend = await useBackend(wanted, { threads });
  const model = await Llama.load('model.safetensors', { config: Stories260K, checkpoint: 'huggingface' });
  const generated: number[] = [];
  for await (const token of model.generate({ tokens: [] }, { maxNewTokens: 32, temperature: 0 })) generated.push(token);
  const { logits } = model.forward({ tokens: [tokens] });
  const values = [...(await read(logits))];
  logits.dispose();
  model.dispose();
  return { backend, generated, logits: values };
}

declare global {
  interface Window {
    run: typeof run;
  }
}
window.run = run;
