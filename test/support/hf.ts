import { type GoldenRun, goldenFolder, goldenRun, matrixOf, numbersOf, type Stored, stored } from './golden.js';
import { largestDifference, output, type SpecModel, specClass } from './specs.js';

/** One of our specs beside a model of transformers with the same weights. */
export interface HuggingFaceCase {
  readonly fixture: string;
  readonly spec: string;
  readonly name: string;
  readonly config: object;
  /** Inputs of ours from those of the run. */
  readonly inputs: (run: GoldenRun) => Record<string, unknown>;
  /** Our output → theirs, and the mask of its rows that mean something. */
  readonly outputs: Readonly<Record<string, { readonly name: string; readonly mask?: string }>>;
}

const small = { vocab: 96, context: 64, width: 32, depth: 2, heads: 4 };
const tokens = ({ inputs }: GoldenRun) => ({ tokens: matrixOf(stored(inputs, 'input_ids')) });
const source = ({ inputs }: GoldenRun) => ({
  values: matrixOf(stored(inputs, 'input_ids')),
  present: matrixOf(stored(inputs, 'attention_mask')),
});

export const huggingFace: readonly HuggingFaceCase[] = [
  {
    fixture: 'gpt2',
    spec: 'specs/models/gpt2.tfm',
    name: 'Gpt2',
    config: small,
    inputs: tokens,
    outputs: { logits: { name: 'logits' } },
  },
  {
    fixture: 'llama_gqa',
    spec: 'specs/models/llama.tfm',
    name: 'Llama',
    config: { ...small, kv_heads: 2, hidden: 48, eps: 1e-6 },
    inputs: tokens,
    outputs: { logits: { name: 'logits' } },
  },
  {
    fixture: 'bert',
    spec: 'specs/models/bert.tfm',
    name: 'Bert',
    config: { ...small, hidden: 48 },
    inputs: (run) => ({ tokens: source(run) }),
    outputs: { token_logits: { name: 'logits', mask: 'attention_mask' } },
  },
  {
    fixture: 'vit',
    spec: 'specs/models/vit.tfm',
    name: 'Vit',
    config: { size: 16, patch: 4, channels: 3, width: 32, depth: 2, heads: 4, hidden: 48, classes: 5, eps: 1e-12 },
    inputs: ({ inputs }) => ({ image: channelsLast(stored(inputs, 'pixel_values')) }),
    outputs: { logits: { name: 'logits' } },
  },
  {
    fixture: 'marian',
    spec: 'specs/models/transformer.tfm',
    name: 'Transformer',
    config: { ...small, hidden: 48, activation: 'silu', halves: true, logits_bias: true },
    inputs: (run) => ({ source: source(run), target: matrixOf(stored(run.inputs, 'decoder_input_ids')) }),
    outputs: {
      logits: { name: 'logits' },
      memory: { name: 'encoder_last_hidden_state', mask: 'attention_mask' },
    },
  },
];

export function huggingFaceCase(fixture: string): HuggingFaceCase {
  const found = huggingFace.find((of) => of.fixture === fixture);
  if (!found) throw new Error(`there is no fixture ${fixture}`);
  return found;
}

export async function loadCase({ spec, name, config, fixture, outputs }: HuggingFaceCase): Promise<SpecModel> {
  const Model = await specClass(spec, name);
  return Model.load(goldenFolder(fixture), { config, checkpoint: 'huggingface', outputs: Object.keys(outputs) });
}

/** The largest difference from the run of transformers for each output, padding left out. */
export async function goldenDifferences(of: HuggingFaceCase): Promise<Record<string, number>> {
  const run = goldenRun(of.fixture);
  const model = await loadCase(of);
  const differences: Record<string, number> = {};
  for (const [name, theirs] of Object.entries(of.outputs)) {
    const expected = stored(run.outputs, theirs.name);
    const real = theirs.mask === undefined ? [] : numbersOf(stored(run.inputs, theirs.mask));
    const width = expected.shape.at(-1)!;
    const isReal = (_: number, i: number) => real.length === 0 || real[Math.floor(i / width)] === 1;
    const found = await output(model, of.inputs(run), name);
    differences[name] = largestDifference(found.filter(isReal), numbersOf(expected).filter(isReal));
  }
  model.dispose();
  return differences;
}

/** [B, C, Y, X] → [B, Y, X, C] */
function channelsLast(image: Stored): { values: Float32Array; shape: number[] } {
  const [batch = 0, channels = 0, height = 0, width = 0] = image.shape;
  const pixels = numbersOf(image);
  const values = Float32Array.from(pixels, (_, i) => {
    const channel = i % channels;
    const pixel = Math.floor(i / channels) % (height * width);
    const b = Math.floor(i / (channels * height * width));
    return pixels[(b * channels + channel) * height * width + pixel]!;
  });
  return { values, shape: [batch, height, width, channels] };
}
