import { type Explanation, lines } from './explanation.js';

/** The command line, configuration files, and mistakes of the compiler itself. */
export const commandExplanations: Readonly<Record<string, Explanation>> = {
  TFM6001: {
    meaning: 'A file that the command line names cannot be read: it does not exist, or may not be read.',
    fix: 'Paths are relative to the working folder. A file with a similar name is suggested where there is one.',
  },
  TFM6002: {
    meaning: 'A generated file cannot be written: the folder may be write-protected, or a folder stands in its place.',
    fix: 'Choose another folder with `--out`, or give the right to write.',
  },
  TFM6003: {
    meaning: 'There is no `.tfm` file in the folders that were named, or in the current one where none was.',
    fix: 'Name a file or a folder, or run `tfm init` for a starter project.',
  },
  TFM6004: {
    meaning: '`file.tfm#Name` chooses a model of a file, and the file has none of that name.',
    fix: 'Names are case-sensitive. `tfm explain file.tfm` lists the models where there are several.',
  },
  TFM6005: {
    meaning: 'A command works on one model, and the file has several.',
    fix: 'Write `file.tfm#Model`, or `--preset`, which also says whose preset it is.',
  },
  TFM6006: {
    meaning:
      'With `--check` nothing is written; a generated file on disk is missing, or not what its spec generates now.',
    fix: 'Run `tfm build` and commit what it writes.',
  },
  TFM6007: {
    meaning:
      'Two specs would generate the same file: with `--out`, specs of the same name in different folders may meet.',
    fix: 'Rename one, or build them into different folders.',
  },
  TFM6008: {
    meaning: 'With `--check` nothing is written; a spec is not in the canonical form.',
    fix: 'Run `tfm fmt`.',
  },
  TFM6101: {
    meaning:
      'The configuration file, or the package.json, is not valid JSON; a `tfm.config.js` may also have failed to run.',
    fix: 'The message says where reading stopped.',
  },
  TFM6102: {
    meaning: lines`
      The configuration has a key that tfm does not know: most often a typing mistake, whose intention would otherwise be ignored.
      The keys are \`specs\`, \`out\` and \`target\`.
    `,
    fix: 'Correct or remove the key.',
  },
  TFM6103: {
    meaning: 'A value in the configuration has the wrong type, or is none of the possible ones.',
    fix: 'The message says what is allowed.',
  },
  TFM6104: {
    meaning: "`--set` takes a parameter and its value: `--set width=64`, `--set tied=true`, `--set 'heads=[2, 4]'`.",
    fix: 'Write `name=value`, without spaces around the `=`.',
  },
  TFM6201: {
    meaning: lines`
      The ONNX target met a construct that the operators of ONNX, or of the operator set that \`--opset\` asks for, cannot
      express. The message names it, at its place in the spec. The same spec runs as TypeScript.
    `,
    fix: 'Say it another way, take the newest `--opset`, or use the TypeScript target.',
  },
  TFM9001: {
    meaning:
      'The compiler made a mistake; the spec may be right or wrong. With `TFM_DEBUG=1` the command prints a stack.',
    fix: 'Please report it with the spec.',
  },
  TFM9002: {
    meaning:
      'A graph, as `tfm build --target graph` writes it, does not follow its JSON Schema, or is not consistent in itself.',
    fix: 'Build the graph again. Where the compiler itself made it, please report it with the spec.',
  },
  TFM9003: {
    meaning: 'A graph was written by another version of the compiler, whose format differs.',
    fix: 'Build the graph again with this version.',
  },
  TFM9004: {
    meaning: 'A graph file is not valid JSON.',
    fix: 'Build the graph again.',
  },
  TFM6301: {
    meaning:
      'The `model_type` of a config.json is none that `tfm import` knows, so nothing can be said about what its fields mean.',
    fix: '`tfm import --list` shows every known architecture. A spec of your own can load the weights through a checkpoint map.',
  },
  TFM6302: {
    meaning: lines`
      A field of a config.json is missing, not known, or has a value that no spec of the library has. A field that could change the
      numbers is never ignored in silence.
    `,
    fix: '`tfm import --partial` writes a spec without it and marks the gap; then the spec is yours to complete.',
  },
};
