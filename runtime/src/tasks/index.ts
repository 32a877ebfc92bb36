export { applyChatTemplate, type ChatMessage } from './chat.js';
export { type Classification, type ClassifierModel, type ClassifyOptions, classifyText } from './classify-text.js';
export { type EmbedOptions, embed } from './embed.js';
export { type JsonObject, labelsOf, type ModelFiles, readModelFiles, stopTokensOf, tokenizerHelp } from './files.js';
export { fillMask, type MaskFilling } from './fill-mask.js';
export { type GeneratedText, generateText, type Prompt, streamText, type TextOptions } from './generate-text.js';
export {
  type GenerationDefaults,
  type PublishedGeneration,
  publishedGeneration,
  withPublished,
} from './generation-config.js';
export { classifyImage } from './images/classify-image.js';
export { createImageProcessor, type ImageProcessor, type ProcessedImage } from './images/processor.js';
export type { ImageLike } from './images/resample.js';
export { type ModelWith, promptInputsOf, type TaskModel, type TextModel } from './model.js';
export { TextStream } from './text-stream.js';
export { createTokenizer, loadTokenizer, type Tokenizer } from './tokenizer.js';
export { translate } from './translate.js';
