/** @file The types that weights are written in, by the names of the command line. */
import { OctavoError } from '@octavo/formats';
import { encodeSafetensors, type SafetensorsTensor, type SafetensorsType } from '@octavo/store';
import { valuesOf } from './source.ts';

/** Safetensors' types of the names, and torch's words for them. */
export const outputTypes = {
  bf16: { type: 'BF16', torch: 'bfloat16' },
  fp16: { type: 'F16', torch: 'float16' },
  fp32: { type: 'F32', torch: 'float32' },
} as const satisfies Readonly<Record<string, { type: SafetensorsType; torch: string }>>;

export type OutputType = keyof typeof outputTypes;

/** Torch's word for a type. */
export const torchType = (type: SafetensorsType): string =>
  Object.values(outputTypes).find((one) => one.type === type)?.torch ?? 'float32';

/**
 * A tensor's bytes in a type: as they are where it has that already, else each value rounded once. Throws an `OctavoError`
 * (exit code 2) where a finite value would become infinite.
 */
export function inType(tensor: SafetensorsTensor, type: SafetensorsType): Uint8Array<ArrayBuffer> {
  if (tensor.dtype === type) return tensor.data;
  const values = valuesOf(tensor);
  const largest = type === 'F16' ? 65_519.996 : 3.3961775e38; // the largest that round to the types' own
  if (type !== 'F32') {
    const wrong = values.findIndex((value) => Math.abs(value) > largest && Number.isFinite(value));
    if (wrong >= 0)
      throw new OctavoError(
        `[exchange] ${tensor.name} does not fit ${type}: got ${values[wrong]} at ${wrong}, expected at most ${type === 'F16' ? 65_504 : largest}: choose another --dtype`,
        { exitCode: 2 },
      );
  }
  return encodeSafetensors(type, values) as Uint8Array<ArrayBuffer>;
}
