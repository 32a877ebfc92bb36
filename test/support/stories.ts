import { bytesOf, readJson } from './golden.js';
import { argmax, largestDifference, type SpecModel, specClass, taken } from './specs.js';

/** A greedy run of the reference program llama2.c: 256 positions, the best token behind each, logits at some of them. */
export interface StoryRun {
  readonly prompt: string;
  readonly promptTokens: readonly number[];
  readonly inputTokens: readonly number[];
  readonly argmax: readonly number[];
  readonly text: string;
  /** Position → 512 logits as base64 of float32. */
  readonly logits: Readonly<Record<string, string>>;
}

const folder = 'examples/stories260K';

export const storyRuns = readJson<{ readonly runs: readonly StoryRun[] }>(`${folder}/golden.json`).runs;

export const storyTokenizer = (): object => readJson<object>(`${folder}/tokenizer.json`);

export async function storyModel(): Promise<SpecModel> {
  const Llama = await specClass('specs/models/llama.tfm', 'Llama');
  return Llama.load(`${folder}/model.safetensors`, {
    config: Llama.presets.Stories260K,
    checkpoint: 'huggingface',
  });
}

/** Logits where the fixture has them, and the best tokens everywhere, of the first `positions` positions in one pass. */
export async function comparedPass(model: SpecModel, run: StoryRun, positions: number) {
  const { logits } = model.forward({ tokens: run.inputTokens.slice(0, positions) });
  const rows = await taken(logits!);
  const row = (position: number) => rows.subarray(position * 512, (position + 1) * 512);
  const given = Object.entries(run.logits).filter(([position]) => Number(position) < positions);
  const differences = given.map(([position, logits]) =>
    largestDifference(row(Number(position)), new Float32Array(bytesOf(logits))),
  );
  return {
    compared: given.length,
    difference: Math.max(...differences),
    best: Array.from({ length: positions }, (_, position) => argmax(row(position))),
  };
}
