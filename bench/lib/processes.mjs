// @ts-check
// Processes of the bench: programs that run to their end, and engines that are told what to do.
import { execFile, fork } from 'node:child_process';
import { programs } from './places.mjs';
/** @import { ChildProcess } from 'node:child_process' */
/** @import { Job, Sample } from './types.js' */

/**
 * Runs a program of Node to its end. Rejects with what it said where it fails.
 * @param {readonly string[]} argv
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {Promise<{ stdout: string }>}
 */
export function runNode(argv, env = process.env) {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [...argv], { env, maxBuffer: 2 ** 28 }, (error, stdout, stderr) => {
      if (!error) resolve({ stdout });
      else reject(new Error(`node ${argv.join(' ')} failed:\n${stderr || error.message}`));
    });
  });
}

/** An engine in a process of its own, which waits for what it is told. */
export class EngineProcess {
  /** @type {ChildProcess} */
  #child;
  #said = '';
  /** @type {{ resolve: (answer: any) => void, reject: (error: Error) => void } | undefined} */
  #waiting;

  /**
   * @param {Job} job
   * @param {NodeJS.ProcessEnv} env
   */
  constructor(job, env) {
    this.name = job.engine;
    this.#child = fork(programs.engine, [], {
      env,
      serialization: 'advanced',
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.on('data', (text) => {
        this.#said = `${this.#said}${text}`.slice(-4000);
      });
    this.#child.on('message', (/** @type {{ answer?: unknown, error?: string }} */ { answer, error }) => {
      const waiting = this.#waiting;
      this.#waiting = undefined;
      if (error === undefined) waiting?.resolve(answer);
      else waiting?.reject(new Error(`${this.name}: ${error}`));
    });
    this.#child.on('close', (code, signal) => {
      this.#waiting?.reject(new Error(`${this.name} ended with ${signal ?? `status ${code}`}:\n${this.#said}`));
      this.#waiting = undefined;
    });
    this.job = job;
  }

  /**
   * @param {object} request
   * @returns {Promise<any>}
   */
  #ask(request) {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#child.send(request, (error) => {
        if (error) reject(new Error(`${this.name} is gone: ${error.message}\n${this.#said}`));
      });
    });
  }

  /**
   * Loads the model and runs it once.
   * @returns {Promise<{ firstCall: number }>}
   */
  start() {
    return this.#ask({ do: 'start', job: this.job });
  }

  /**
   * One measured run.
   * @returns {Promise<Sample>}
   */
  run() {
    return this.#ask({ do: 'run' });
  }

  /**
   * Writes the outputs of a run as float32 numbers.
   * @param {string} file
   * @returns {Promise<void>}
   */
  write(file) {
    return this.#ask({ do: 'write', file });
  }

  /**
   * The most memory that the process ever held, bytes.
   * @returns {Promise<number>}
   */
  memory() {
    return this.#ask({ do: 'memory' });
  }

  /** @returns {Promise<void>} */
  stop() {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return Promise.resolve();
    return new Promise((resolve) => {
      this.#child.once('close', () => resolve());
      this.#child.kill('SIGKILL');
    });
  }
}
