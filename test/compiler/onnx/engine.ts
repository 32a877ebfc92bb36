import type { InferenceSession, Tensor } from 'onnxruntime-node';
import type { Entry } from '../../../compiler/src/emit/onnx/index.js';
import { onnxFile, onnxModel, openSession, type Weights } from '../../support/differential/onnx.js';
import type { Subject } from '../../support/differential/subject.js';

type Tensors = Readonly<Record<string, Tensor>>;

/** One entry of a model in ONNX Runtime, with these weights. */
export class OnnxEntry {
  readonly #session: InferenceSession;

  constructor(session: InferenceSession) {
    this.#session = session;
  }

  static async open(subject: Subject, entry: Entry, opset: number, weights: Weights): Promise<OnnxEntry> {
    const file = await onnxFile(onnxModel(subject, entry, opset), weights);
    return new OnnxEntry(await openSession(file, true));
  }

  /** Of what is given, the inputs that the model has. */
  async run(given: Tensors): Promise<Tensors> {
    const feeds = this.#session.inputNames.flatMap((name) => {
      const tensor = given[name];
      return tensor ? [[name, tensor] as const] : [];
    });
    return (await this.#session.run(Object.fromEntries(feeds))) as Tensors;
  }

  async close(): Promise<void> {
    await this.#session.release();
  }
}
