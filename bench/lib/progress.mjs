// @ts-check
// What is being done: a line that changes on a terminal, plain lines elsewhere.

/**
 * @param {{ write(text: string): unknown, isTTY?: boolean, columns?: number }} stream
 */
export function progressOn(stream) {
  return {
    /** A new stage. @param {string} text */
    stage(text) {
      stream.write(stream.isTTY ? `\r\u001b[K${text.slice(0, (stream.columns ?? 80) - 1)}` : `${text}\n`);
    },
    /** A step of a stage, which only a terminal shows. @param {string} text */
    step(text) {
      if (stream.isTTY) this.stage(text);
    },
    /** Leaves nothing on a terminal's line. */
    end() {
      if (stream.isTTY) stream.write('\r\u001b[K');
    },
  };
}

/** @typedef {ReturnType<typeof progressOn>} Progress */
