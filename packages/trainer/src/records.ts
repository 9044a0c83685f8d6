/** @file Tensors of a device as records of a checkpoint, and back. */
import { decodeArray, encodeArray, type Format, FP32, formatOf, OctavoError } from '@octavo/formats';
import { elements, type Tensor } from '@octavo/kernels';
import type { StoredTensor, TensorRecord } from '@octavo/store';

/** Codes of a tensor, or of some of it, which is flat then, byte for byte as a checkpoint keeps them (little endian). */
export const recordOf = (
  name: string,
  role: string,
  { shape, format, scale }: Pick<Tensor, 'shape' | 'format'> & { readonly scale: readonly number[] },
  values: Float32Array,
): TensorRecord => ({
  ...{ name, role, format: format.name, scale },
  shape: elements(shape) === values.length ? shape : [values.length],
  data: encodeBytes(format, values),
});

/** A record's codes as the numbers they stand for, its scale not removed. */
export const codesOf = ({ format, data }: StoredTensor): Float32Array => decodeBytes(formatOf(format), data);

/** A record's values, scale removed, in float32. */
export function valuesOf(record: StoredTensor): Float32Array {
  const values = codesOf(record);
  if (record.scale.length > 1)
    throw new OctavoError(
      `[trainer] ${record.role} "${record.name}": got ${record.scale.length} scales, expected one`,
    );
  const [scale = 1] = record.scale;
  return scale === 1 ? values : values.map((v) => v / scale);
}

function encodeBytes(format: Format, values: Float32Array): Uint8Array {
  if (format === FP32) return bytesOf(values);
  return bytesOf(encodeArray(format, values));
}

function decodeBytes(format: Format, bytes: Uint8Array): Float32Array {
  const aligned = bytes.slice(); // its buffer begins at the first byte
  if (format === FP32) return new Float32Array(aligned.buffer);
  return decodeArray(format, format.bits === 16 ? new Uint16Array(aligned.buffer) : aligned);
}

const bytesOf = (array: ArrayBufferView): Uint8Array =>
  new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
