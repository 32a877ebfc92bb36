export { disposeExplanation, type Explanation } from './recorder.js';
export { Scope } from './scope.js';
export { GenerationState } from './state.js';
