import * as tf from '@tensorflow/tfjs';
import { vi } from 'vitest';

// Runs before every file of tests, which finds what a new process would give it: no spies, the backend that tfjs begins with,
// and on it none of our kernels until `useBackend` adds them.
vi.restoreAllMocks();
if (tf.engine().backendName) await tf.setBackend('cpu');
for (const { kernelName } of tf.getKernelsForBackend('cpu')) {
  if (kernelName.startsWith('Tfm')) tf.unregisterKernel(kernelName, 'cpu');
}
