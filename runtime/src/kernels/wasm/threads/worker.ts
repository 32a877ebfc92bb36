import * as tf from '@tensorflow/tfjs';
import { takePieces, type WorkerTask, work } from './work.js';

/** A thread that runs `work`. It does not keep a process of Node from ending. */
export interface RunningWorker {
  readonly end: () => void;
}

/** Starts a worker and waits until it runs. */
export function startWorker(task: WorkerTask): Promise<RunningWorker> {
  return tf.env().get('IS_NODE') ? startInNode(task) : startInBrowser(task);
}

/** Not an import: bundlers for the browser never see a `node:` module. */
async function startInNode(task: WorkerTask): Promise<RunningWorker> {
  const { Worker } = process.getBuiltinModule('node:worker_threads');
  const code = `const { parentPort, workerData } = require('node:worker_threads');
    parentPort.postMessage('runs');
    (${work})(workerData, ${takePieces});`;
  const worker = new Worker(code, { eval: true, workerData: task, execArgv: [] });
  await new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  worker.unref();
  return { end: () => void worker.terminate() };
}

async function startInBrowser(task: WorkerTask): Promise<RunningWorker> {
  const code = `onmessage = ({ data }) => {
    postMessage('runs');
    (${work})(data, ${takePieces});
  };`;
  const url = URL.createObjectURL(new Blob([code], { type: 'text/javascript' }));
  const worker = new Worker(url);
  try {
    await new Promise((resolve, reject) => {
      worker.onmessage = resolve;
      worker.onerror = ({ message }) => reject(new Error(message || 'the browser refused a worker from a blob'));
      worker.postMessage(task);
    });
  } finally {
    URL.revokeObjectURL(url);
  }
  return { end: () => worker.terminate() };
}
