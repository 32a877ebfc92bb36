import { failed } from '../values.js';
import { attention } from './attention.js';
import type { Builtin } from './builtin.js';
import { elementwiseBuiltins } from './elementwise.js';
import { experts } from './experts.js';
import { images } from './images.js';
import { initializers } from './initializers.js';
import { layers } from './layers.js';
import { positions } from './positions.js';
import { recurrent } from './recurrent.js';
import { sequence } from './sequence.js';
import { windows } from './windows.js';

/** Constructs that the grammar and the sketches know and the graph does not yet: each says so by name. */
const later: Readonly<Record<string, string>> = {
  conv2d: 'a convolution of images (`conv2d`)',
  cached: '`cached` (latent attention)',
  yarn: '`yarn` scaling of rotary frequencies',
};

const unsupported: readonly Builtin[] = Object.entries(later).map(([name, construct]) => ({
  name,
  operands: 1,
  parameters: [],
  later: construct,
  run: (use) => {
    use.checker.report('not_yet_supported', use.at, { construct });
    return failed;
  },
}));

/** Every primitive of the language by name. */
export const builtins: ReadonlyMap<string, Builtin> = new Map(
  [
    ...layers,
    ...elementwiseBuiltins,
    ...attention,
    ...positions,
    ...images,
    ...sequence,
    windows,
    ...experts,
    ...recurrent,
    ...initializers,
    ...unsupported,
  ].map((builtin) => [builtin.name, builtin]),
);
