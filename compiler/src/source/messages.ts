import { commandMessages } from './messages/command.js';
import { generationMessages } from './messages/generation.js';
import { internalMessages } from './messages/internal.js';
import { nameMessages } from './messages/names.js';
import { shapeMessages } from './messages/shapes.js';
import { syntaxMessages } from './messages/syntax.js';
import { weightMessages } from './messages/weights.js';

/**
 * Every diagnostic of the compiler. `TFM1…` syntax, `TFM20…` and `TFM21…` names, `TFM22…` values, shapes and sizes,
 * `TFM3…` masks, generation and training, `TFM4…` weights and checkpoint maps, `TFM6…` command line and configuration,
 * `TFM9…` mistakes of the compiler itself. (`TFM5…` are the errors of the runtime.) A code is never used again.
 */
export const messages = {
  ...syntaxMessages,
  ...nameMessages,
  ...shapeMessages,
  ...generationMessages,
  ...weightMessages,
  ...commandMessages,
  ...internalMessages,
} as const;

export type Severity = 'error' | 'warning';

export interface MessageDefinition {
  /** `TFM2004` */
  readonly code: `TFM${number}`;
  readonly severity: Severity;
  /** What the page of the code is called. */
  readonly title: string;
  /** `{name}` is a parameter. */
  readonly message: string;
  /** The likely fix; left out where one of its parameters is `undefined`. */
  readonly help?: string;
}

type Messages = typeof messages;

export type DiagnosticName = keyof Messages;

type ParametersOf<Template> = Template extends `${string}{${infer Name}}${infer Rest}`
  ? Name | ParametersOf<Rest>
  : never;
type HelpOf<N extends DiagnosticName> = Messages[N] extends { readonly help: infer Help } ? Help : '';

export type ParameterValue = string | number;

/** The parameters of a message; those that only its help names may be `undefined`. */
export type DiagnosticParameters<N extends DiagnosticName> = {
  readonly [P in ParametersOf<Messages[N]['message']>]: ParameterValue;
} & {
  readonly [P in Exclude<ParametersOf<HelpOf<N>>, ParametersOf<Messages[N]['message']>>]: ParameterValue | undefined;
};
