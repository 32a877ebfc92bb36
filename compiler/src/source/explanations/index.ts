import { commandExplanations } from './command.js';
import { declarationExplanations } from './declarations.js';
import type { Explanation } from './explanation.js';
import { generationExplanations } from './generation.js';
import { nameExplanations } from './names.js';
import { runtimeModelExplanations } from './runtime-model.js';
import { runtimeTaskExplanations } from './runtime-tasks.js';
import { runtimeWeightExplanations } from './runtime-weights.js';
import { sizeExplanations } from './sizes.js';
import { structureExplanations } from './structure.js';
import { syntaxExplanations } from './syntax.js';
import { valueExplanations } from './values.js';
import { weightExplanations } from './weights.js';

export type { Explanation } from './explanation.js';

/** What there is to say of each code, the compiler's and the runtime's: `tfm help CODE`, and `docs/diagnostics`. */
export const explanations: Readonly<Record<string, Explanation>> = {
  ...syntaxExplanations,
  ...nameExplanations,
  ...declarationExplanations,
  ...sizeExplanations,
  ...valueExplanations,
  ...structureExplanations,
  ...generationExplanations,
  ...weightExplanations,
  ...runtimeWeightExplanations,
  ...runtimeModelExplanations,
  ...runtimeTaskExplanations,
  ...commandExplanations,
};
