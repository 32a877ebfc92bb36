// What runtime/src/kernels/wasm calls, on the memory of tfjs's wasm backend. No strings, arrays or `new` in here: the modules have no
// data and no allocator of their own.
export { attention, attentionScratch } from './attention';
export { attentionGradient } from './attention-gradient';
export { writeRows } from './cache';
export { activation, arithmetic } from './elementwise';
export { formula, formulaScratch } from './formula';
export { activationGradient, gated, gatedGradient } from './activation-gradient';
export { columnSums } from './column-sums';
export { crossEntropy, crossEntropyGradient } from './cross-entropy';
export { linear, linearScratch, product, productOfRows } from './linear';
export { attentionGradientScratch } from './gradient-room';
export { chosenLinear, chosenRows, inTop, mixedRows, routing } from './experts';
export { layerNorm, rmsNorm } from './norm';
export { normGradient } from './normalize-gradient';
export { rotary } from './rotary';
export { softmax } from './softmax';
export { takeRows } from './take-rows';
