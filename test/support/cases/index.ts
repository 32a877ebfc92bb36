import { attentionCases } from './attention.js';
import { attentionForms } from './attention-forms.js';
import { elementwiseCases } from './elementwise.js';
import { layerCases } from './layers.js';
import { resizeCases } from './resize.js';
import { sequenceCases } from './sequence.js';

/** Every operator, on hard inputs; the same table for every backend. */
export const cases = [
  ...elementwiseCases,
  ...layerCases,
  ...sequenceCases,
  ...resizeCases,
  ...attentionCases,
  ...attentionForms,
];
