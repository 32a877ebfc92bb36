import { type RunnerTask, type RunnerTestFile, TestRunner } from 'vitest';

export const noAdapter = 'No WebGPU adapter was found: the tests in test/gpu cannot run.';
export const allowsNoAdapter = process.env.TFM_ALLOW_NO_WEBGPU === '1';

function skip(task: RunnerTask): void {
  task.mode = 'skip';
  if (task.type === 'suite') for (const inner of task.tasks) skip(inner);
  else task.result = Object.assign({ state: 'skip' as const }, { note: noAdapter }); // the reporter prints the note
}

/** Reports every test as skipped, with the reason, where there is no adapter and that is allowed; hooks do not run either. */
export default class AdapterRunner extends TestRunner {
  async onCollected(files: RunnerTestFile[]): Promise<void> {
    if (!allowsNoAdapter || (await navigator.gpu.requestAdapter())) return;
    for (const file of files) for (const task of file.tasks) skip(task);
  }
}
