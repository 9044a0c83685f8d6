/** @file The optimizer's state at the start: master weights as given, moments zero. */
import { type Format, FP32, round } from '@octavo/formats';
import type { Device, Tensor } from '@octavo/kernels';
import { scaleFromAmax } from '@octavo/scaling';
import type { AdamFormats, AdamState } from './adamw.ts';

/**
 * State for a parameter with these float32 values; its master weights are the nearest in their format. `whole`: where the
 * values are a part, those of the parameter, which the scale is of.
 */
export function createAdamState(
  device: Device,
  formats: AdamFormats,
  shape: readonly number[],
  values: Float32Array,
  whole = values,
): AdamState {
  const [master, masterScale] = storedState(device, formats.master, shape, values, whole);
  const zeros = new Float32Array(values.length);
  const [moment1, moment1Scale] = storedState(device, formats.moment1, shape, zeros);
  const [moment2, moment2Scale] = storedState(device, formats.moment2, shape, zeros);
  return { master, masterScale, moment1, moment1Scale, moment2, moment2Scale };
}

/** Values in a format with one scale, max / amax of the `whole` (FP32: 1; all zero: 1). */
export function storedState(
  device: Device,
  format: Format,
  shape: readonly number[],
  values: Float32Array,
  whole = values,
): [Tensor, Tensor] {
  let amax = 0;
  for (const value of whole) amax = Math.max(amax, Math.abs(value));
  const scale = format === FP32 ? 1 : scaleFromAmax(amax, format.max);
  const codes = device.alloc(shape, format);
  device.write(codes, format === FP32 ? values : values.map((v) => round(format, Math.fround(v * scale))));
  const scaleTensor = device.alloc([1, 1], FP32);
  device.write(scaleTensor, [scale]);
  return [codes, scaleTensor];
}
