import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';

/** A message as it is on the wire: for each field number its values, in order. */
type Fields = ReadonlyMap<number, readonly (Uint8Array | bigint | number)[]>;

function fieldsOf(bytes: Uint8Array): Fields {
  const reader = new BinaryReader(bytes);
  const fields = new Map<number, (Uint8Array | bigint | number)[]>();
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag();
    const value =
      type === WireType.LengthDelimited
        ? reader.bytes()
        : type === WireType.Bit32
          ? reader.float()
          : BigInt(reader.int64());
    fields.set(number, [...(fields.get(number) ?? []), value]);
  }
  return fields;
}

/** The field's messages or byte strings. */
const bytesIn = (fields: Fields, number: number): Uint8Array[] =>
  (fields.get(number) ?? []).map((value) => {
    if (!(value instanceof Uint8Array)) throw new Error(`field ${number} holds numbers`);
    return value;
  });
const messagesIn = (fields: Fields, number: number): Fields[] => bytesIn(fields, number).map(fieldsOf);
const textsIn = (fields: Fields, number: number): string[] =>
  bytesIn(fields, number).map((value) => Buffer.from(value).toString('utf8'));
const textIn = (fields: Fields, number: number): string | undefined => textsIn(fields, number)[0];
const numbersIn = (fields: Fields, number: number): number[] => (fields.get(number) ?? []).map(Number);

/** `StringStringEntryProto`s as an object. */
const entriesIn = (fields: Fields, number: number): Record<string, string> =>
  Object.fromEntries(messagesIn(fields, number).map((entry) => [textIn(entry, 1), textIn(entry, 2) ?? '']));

interface ReadInitializer {
  readonly name: string | undefined;
  readonly dims: readonly number[];
  readonly documentation: string | undefined;
  readonly bytes: Uint8Array | undefined;
  readonly external: Readonly<Record<string, string>>;
}

/** What tests want to know of an ONNX file, read by field numbers of `onnx.proto` that are written down here once more. */
export function readOnnx(bytes: Uint8Array) {
  const model = fieldsOf(bytes);
  const [graph = new Map()] = messagesIn(model, 7);
  const value = (info: Fields) => ({ name: textIn(info, 1), documentation: textIn(info, 3) });
  return {
    irVersion: numbersIn(model, 1)[0],
    producer: [textIn(model, 2), textIn(model, 3)],
    documentation: textIn(model, 6),
    opset: messagesIn(model, 8).map((set) => numbersIn(set, 2)[0]),
    metadata: entriesIn(model, 14),
    graph: {
      name: textIn(graph, 2),
      documentation: textIn(graph, 10),
      nodes: messagesIn(graph, 1).map((node) => ({
        operator: textIn(node, 4),
        name: textIn(node, 3),
        inputs: textsIn(node, 1),
        outputs: textsIn(node, 2),
        documentation: textIn(node, 6),
      })),
      inputs: messagesIn(graph, 11).map(value),
      outputs: messagesIn(graph, 12).map(value),
      initializers: messagesIn(graph, 5).map(
        (tensor): ReadInitializer => ({
          name: textIn(tensor, 8),
          dims: numbersIn(tensor, 1),
          documentation: textIn(tensor, 12),
          bytes: bytesIn(tensor, 9)[0],
          external: entriesIn(tensor, 13),
        }),
      ),
    },
  };
}
