import { TfmError } from '../errors.js';

/** The version of what generated code and runtime expect of each other; it grows with every change that breaks one. */
export const runtimeContract = 1;

/** Called first by generated code. Throws TFM5306 where the runtime is older or newer than the code expects. */
export function requireRuntime(contract: number, source: string): void {
  if (contract === runtimeContract) return;
  const older = contract > runtimeContract;
  throw new TfmError(
    'TFM5306',
    `the code generated from ${source} needs version ${contract} of the runtime contract, ` +
      `the installed @tfm-lang/runtime has ${runtimeContract}`,
    older ? 'update @tfm-lang/runtime' : `generate the code again: tfm build ${source}`,
  );
}
