import { labelCount } from '../classifier.js';
import type { ConfigReader } from '../config.js';
import type { Departure } from '../family.js';

/**
 * How an encoder–decoder that sorts texts departs from one that writes them: the decoder reads the source again, one place later,
 * and its row of the last token that ends a text stands for all of it (Lewis et al., 2020, section 3.1).
 */
export function readAgain(config: ConfigReader, architecture: string): readonly Departure[] {
  const classes = labelCount(config);
  if (architecture.endsWith('ForQuestionAnswering')) return reading(answers);
  if (!architecture.endsWith('ForSequenceClassification')) return [];
  return [marked, ...reading(classesOf(classes)), ...(architecture.startsWith('T5') ? ofT5 : [])];
}

interface Head {
  readonly outputs: string;
  readonly names: string;
  readonly weights: string;
}

const marked: Departure = [/^/, 'import { LastMarked } from "std/heads"\n'];

/** All of its decoder is read, and its names have a word in front. */
const ofT5: readonly Departure[] = [
  [/ for logits, state/g, ''],
  ['huggingface {', 'huggingface prefix "transformer."? {'],
];

const classesOf = (classes: number): Head => ({
  outputs: `output class_logits: float[B, ${classes}] =
    state -> LastMarked(source == eos) -> linear(width) as dense -> tanh -> linear(${classes}) as classifier`,
  names: 'output class_logits = "logits"',
  weights: '{dense, classifier} = "classification_head.{dense, out_proj}"',
});

const answers: Head = {
  outputs: `let (start, end) = state -> linear(2) as answer -> split(1, 1)
  output start_logits: float[B, T] = start -> sum
  output end_logits: float[B, T] = end -> sum`,
  names: 'output start_logits = "start_logits"\n    output end_logits = "end_logits"',
  weights: 'answer = "qa_outputs"',
};

function reading({ outputs, names, weights }: Head): readonly Departure[] {
  const shifted = `
  /// The source once more, one place later.
  let target = concat(source -> head(1) -> clamp(bos, bos), source -> head(S - 1), axis: sequence)
`;
  return [
    [/\n {2}input target: .*\n/, `\n${shifted}`],
    [/\n {4}input target .*\n {4}input target\.present .*/, `\n    ${names}\n    ${weights}`],
    [/(?:\n {2}\/\/\/[^\n]*)*\n {2}output logits:[\s\S]*?\n(?=\n)/, `\n  ${outputs.replaceAll('[B, T]', '[B, S]')}\n`],
    [/\n {2}generate target from logits\n/, ''],
    [/\n {4}output state = .*/, ''],
    [/\n {2}output state: ([^=]*) =/, '\n  let state ='],
    [/ and present\(target\)/g, ''],
  ];
}
