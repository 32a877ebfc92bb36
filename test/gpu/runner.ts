import { type RunnerTask, type RunnerTestFile, TestRunner } from 'vitest';

export const noAdapter = 'No WebGPU adapter was found: the tests in test/gpu cannot run.';
export const allowsNoAdapter = process.env.TFM_ALLOW_NO_WEBGPU === '1';

function skip(task: RunnerTask): void {
  if (task.type === 'test') {
    task.mode = 'skip';
    task.result = Object.assign({ state: 'skip' as const }, { note: noAdapter }); // the reporter prints the note
    return;
  }
  for (const hooks of Object.values(TestRunner.getSuiteHooks(task))) hooks.length = 0; // they may need the adapter
  for (const inner of task.tasks) skip(inner);
}

/** Reports every test as skipped, with the reason, where there is no adapter and that is allowed; hooks do not run either. */
export default class AdapterRunner extends TestRunner {
  async onCollected(files: RunnerTestFile[]): Promise<void> {
    if (!allowsNoAdapter || (await navigator.gpu.requestAdapter())) return;
    for (const file of files) skip(file);
  }
}
