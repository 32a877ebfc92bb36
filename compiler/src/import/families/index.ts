import type { Family } from '../family.js';
import { decoderFamilies } from './decoders.js';
import { encoderFamilies } from './encoders.js';
import { gptFamilies } from './gpt.js';
import { llamaFamilies } from './llama.js';
import { moeFamilies } from './moe.js';
import { seq2seqFamilies } from './seq2seq.js';
import { visionFamilies } from './vision.js';

/** Every family that can be imported, by `model_type`. */
export const families: readonly Family[] = [
  ...gptFamilies,
  ...llamaFamilies,
  ...moeFamilies,
  ...decoderFamilies,
  ...encoderFamilies,
  ...seq2seqFamilies,
  ...visionFamilies,
].sort((a, b) => (a.type < b.type ? -1 : 1));
