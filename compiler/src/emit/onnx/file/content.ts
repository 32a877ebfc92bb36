import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';

/** The bytes of a weight, which come when the file is written: float32, little-endian, rows in order. */
export interface WeightSegment {
  readonly weight: string;
  /** The shape in the file: turned round where `transposed`. */
  readonly shape: readonly number[];
  readonly transposed: boolean;
  readonly length: number;
}

export type Segment = Uint8Array | WeightSegment;

/** What a file, or a message in it, will contain, and how long it is. Only what is small is held. */
export interface Content {
  readonly segments: readonly Segment[];
  /** In bytes. */
  readonly length: number;
}

export function contentOf(segments: readonly Segment[]): Content {
  return { segments, length: segments.reduce((total, { length }) => total + length, 0) };
}

/** A field that holds a message or bytes: tag and length stand before the content. */
export function field(number: number, { segments, length }: Content): readonly Segment[] {
  const head = new BinaryWriter().tag(number, WireType.LengthDelimited).uint64(length).finish();
  return [head, ...segments];
}

export const isWeight = (segment: Segment): segment is WeightSegment => !(segment instanceof Uint8Array);
