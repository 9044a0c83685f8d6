/** @file Quantised folders read as models: the scale of a matrix, by its name, and the values that the two give. */
import { OctavoError } from '@octavo/formats';
import type { SafetensorsTensor } from '@octavo/store';
import { dequantized } from './matrix.ts';

/** Layouts that are understood: a float of eight bits, and scales that multiply. */
const FORMATS = new Set(['float-quantized', 'naive-quantized', 'mxfp8-quantized']);

/** Whether a `config.json` says that its weights are FP8 in a layout that is read here. Another one is not for this to judge. */
export function isQuantized(json: Readonly<Record<string, unknown>>): boolean {
  const { quant_method: method, format } = Object(
    json.quantization_config ?? json.compression_config,
  ) as Readonly<Record<string, unknown>>;
  return method === 'fp8' || (method === 'compressed-tensors' && FORMATS.has(String(format)));
}

/** The scale of a tensor among the tensors of a folder. */
export function scaleOf(name: string, all: { has(name: string): boolean }): string | undefined {
  if (!name.endsWith('.weight')) return undefined;
  return [`${name}_scale`, `${name}_scale_inv`].find((scale) => all.has(scale));
}

/** Code times scale, in float32. Throws an `OctavoError` (exit code 2) where the scale has no place in the matrix. */
export function withoutScale(tensor: SafetensorsTensor, scale: SafetensorsTensor): SafetensorsTensor {
  const values = dequantized(tensor, scale);
  if (values) return { ...tensor, dtype: 'F32', data: new Uint8Array(values.buffer) };
  throw new OctavoError(
    `[exchange] ${scale.name}: got shape [${scale.shape.slice(0, 8)}], expected [1], [${tensor.shape[0]}, 1] or one a block of ${tensor.name} [${tensor.shape}]: octavo doctor says more`,
    { exitCode: 2 },
  );
}
