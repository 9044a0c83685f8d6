/** @file Tensors of a device as records of a checkpoint, and back. */
import { decodeArray, encodeArray, type Format, FP32, formatOf, OctavoError } from '@octavo/formats';
import type { Device, Tensor } from '@octavo/kernels';
import type { StoredTensor, TensorRecord } from '@octavo/store';

/** Codes of a tensor, byte for byte as a checkpoint keeps them (little endian). */
export async function recordOf(
  device: Device,
  name: string,
  role: string,
  tensor: Tensor,
  scale: readonly number[],
): Promise<TensorRecord> {
  return {
    name,
    role,
    format: tensor.format.name,
    shape: tensor.shape,
    scale,
    data: encodeBytes(tensor.format, await device.read(tensor)),
  };
}

/** A new tensor of a record's format and shape, holding its values. */
export function tensorOf(device: Device, record: StoredTensor): Tensor {
  const format = formatOf(record.format);
  const tensor = device.alloc(record.shape, format);
  device.write(tensor, decodeBytes(format, record.data));
  return tensor;
}

/** A record's values, scale removed, in float32. */
export function valuesOf(record: StoredTensor): Float32Array {
  const values = decodeBytes(formatOf(record.format), record.data);
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
