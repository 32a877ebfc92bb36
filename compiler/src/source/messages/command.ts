import type { MessageDefinition } from '../messages.js';

/** TFM6…: command line and configuration files. */
export const commandMessages = {
  file_not_found: {
    code: 'TFM6001',
    severity: 'error',
    title: 'a file does not exist',
    message: 'cannot read {path}',
    help: 'did you mean {suggestion}?',
  },
  file_not_written: {
    code: 'TFM6002',
    severity: 'error',
    title: 'a file cannot be written',
    message: 'cannot write {path}: {problem}',
  },
  no_files: {
    code: 'TFM6003',
    severity: 'error',
    title: 'nothing to compile',
    message: 'there is no .tfm file in {where}',
    help: 'name a file or a folder, or run tfm init',
  },
  unknown_model: {
    code: 'TFM6004',
    severity: 'error',
    title: 'a file has no such model or preset',
    message: '{file} has no model or preset {name}',
    help: 'did you mean {suggestion}?',
  },
  several_models: {
    code: 'TFM6005',
    severity: 'error',
    title: 'which model?',
    message: '{file} has several models: {models}',
    help: 'write {file}#{first}',
  },
  stale: {
    code: 'TFM6006',
    severity: 'error',
    title: 'a generated file is out of date',
    message: '{path} is not what its spec generates now',
    help: 'run tfm build',
  },
  same_output: {
    code: 'TFM6007',
    severity: 'error',
    title: 'two specs generate the same file',
    message: '{first} and {second} both generate {path}',
    help: 'rename one, or give one another folder',
  },
  not_formatted: {
    code: 'TFM6008',
    severity: 'error',
    title: 'a file is not formatted',
    message: '{path} is not in the canonical form',
    help: 'run tfm fmt',
  },
  configuration_malformed: {
    code: 'TFM6101',
    severity: 'error',
    title: 'a configuration file is no JSON',
    message: '{path} is no JSON: {problem}',
  },
  configuration_unknown_key: {
    code: 'TFM6102',
    severity: 'error',
    title: 'a configuration key is not known',
    message: '{key} is no key of {where}',
    help: 'did you mean {suggestion}?',
  },
  configuration_invalid: {
    code: 'TFM6103',
    severity: 'error',
    title: 'a configuration value is not valid',
    message: '{key} {problem}',
  },
  set_malformed: {
    code: 'TFM6104',
    severity: 'error',
    title: 'a --set is malformed',
    message: '--set {text}: expected name=value',
  },
  onnx_unsupported: {
    code: 'TFM6201',
    severity: 'error',
    title: 'ONNX cannot say this',
    message: 'ONNX cannot say {construct}',
    help: 'the TypeScript target can: tfm build --target typescript',
  },
} as const satisfies Record<string, MessageDefinition>;
