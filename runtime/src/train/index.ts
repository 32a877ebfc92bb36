export { type Bleu, corpusBleu, tokenize13a } from './bleu.js';
export { type CrossEntropyOptions, crossEntropy, meanSquaredError } from './loss.js';
export { type NoamOptions, noam } from './schedule.js';
export type { LossTarget } from './target.js';
