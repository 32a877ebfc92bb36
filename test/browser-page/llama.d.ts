/** What `tfm build` makes of specs/models/llama.tfm, as far as the page uses it. */
declare module 'llama.tfm' {
  import type { GenerativeModel, LoadModelOptions, Tensor } from '@tfm-lang/runtime';

  export const Stories260K: object;
  export class Llama extends GenerativeModel<object, object, { tokens: readonly unknown[] }, { logits: Tensor }> {
    static load(from: string, options: LoadModelOptions<object>): Promise<Llama>;
  }
}
