import type { MessageDefinition } from '../messages.js';

/** TFM4…: weights, labels and checkpoint maps. */
export const weightMessages = {
  label_twice: {
    code: 'TFM4001',
    severity: 'error',
    title: 'two parts have the same label',
    message: 'the label {label} is already used in this scope',
    help: 'choose another label',
  },
  was_twice: {
    code: 'TFM4002',
    severity: 'error',
    title: 'an old name is a name of today',
    message: 'was {name}: another part is called {name} now',
  },
  path_unknown: {
    code: 'TFM4101',
    severity: 'error',
    title: 'a checkpoint path names no weight',
    message: 'no weight of the model is called {path}',
    help: 'did you mean {suggestion}?',
  },
  path_unlabelled: {
    code: 'TFM4102',
    severity: 'error',
    title: 'a checkpoint path names a part without a label',
    message: '{path} is numbered, not named: an edit could renumber it',
    help: 'label it: … as name',
  },
  path_index: {
    code: 'TFM4103',
    severity: 'error',
    title: 'a checkpoint path lacks the index of its copies',
    message: '{path} stands in a repeat: which copy?',
    help: 'write {fix}',
  },
  path_index_not_repeated: {
    code: 'TFM4104',
    severity: 'error',
    title: 'a checkpoint path has an index where nothing repeats',
    message: '{path} is no repeat and takes no index',
  },
  sets_differ: {
    code: 'TFM4105',
    severity: 'error',
    title: 'the two sides of a checkpoint rule have sets of different sizes',
    message: 'the path names {left}, the template {right}',
    help: 'sets on both sides are paired in order',
  },
  template_name_unbound: {
    code: 'TFM4106',
    severity: 'error',
    title: 'a template uses an index that its path does not bind',
    message: 'the path binds no {name}',
    help: 'write [{name}] in the path',
  },
  template_malformed: {
    code: 'TFM4107',
    severity: 'error',
    title: 'a template is malformed',
    message: 'this template is malformed: {problem}',
  },
  unknown_step: {
    code: 'TFM4108',
    severity: 'error',
    title: 'a step of a checkpoint rule is not known',
    message: '{name} is no step of a checkpoint rule',
    help: 'did you mean {suggestion}?',
  },
  step_arguments: {
    code: 'TFM4109',
    severity: 'error',
    title: 'a step of a checkpoint rule has wrong arguments',
    message: '{name}: {problem}',
  },
  weight_mapped_twice: {
    code: 'TFM4110',
    severity: 'error',
    title: 'two checkpoint rules fill the same weight',
    message: '{path} is already filled by another rule',
  },
  weight_not_mapped: {
    code: 'TFM4111',
    severity: 'error',
    title: 'a checkpoint map leaves weights unfilled',
    message: 'no rule of {checkpoint} fills {path}',
    help: 'add a rule for {path}, or give it a default',
  },
  unpack_parts: {
    code: 'TFM4112',
    severity: 'error',
    title: 'unpack names other parts than the path',
    message: 'the path names {left}, unpack {right}',
  },
  checkpoint_outputs: {
    code: 'TFM4113',
    severity: 'error',
    title: 'a checkpoint rule is for an unknown output',
    message: 'there is no output {name}',
    help: 'did you mean {suggestion}?',
  },
} as const satisfies Record<string, MessageDefinition>;
