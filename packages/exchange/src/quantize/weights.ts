/** @file A model's weights quantised: matrices of the blocks in FP8 with their scales, all else as it is. */
import type { SafetensorsRecord } from '@octavo/store';
import { inType, type OutputType, outputTypes } from '../output-type.ts';
import { type ModelSource, valuesOf } from '../source.ts';
import type { Weights } from '../write-hugging-face.ts';
import { codesOf, scaleShape, scalesOf } from './matrix.ts';
import { type Dialect, quantizationConfig, type Scheme, scaleSuffix } from './schemes.ts';

/** The matrices of attention and SwiGLU; embedding, head and norms are not among them. */
const QUANTIZED = /^model\.layers\.\d+\.(self_attn|mlp)\.\w+_proj\.weight$/;

/** The head's module, which stays as it is. */
const HEAD = 'lm_head';

/** To be written by `writeHuggingFace`; `dtype` is that of what stays. */
export function quantizedWeights(
  source: ModelSource,
  scheme: Scheme,
  { dialect, dtype }: { readonly dialect: Dialect; readonly dtype: OutputType | null },
): Weights {
  const suffix = scaleSuffix(scheme, dialect);
  const records: SafetensorsRecord[] = [];
  for (const { name, shape, dtype: own } of source.tensors) {
    if (!QUANTIZED.test(name)) {
      const type = dtype === null ? own : outputTypes[dtype].type;
      records.push({ name, shape, dtype: type, data: async () => inType(await source.read(name), type) });
      continue;
    }
    const [rows, columns] = shape as [number, number];
    const matrix = async () => ({ name, values: valuesOf(await source.read(name)), rows, columns });
    records.push(
      { name, shape, dtype: 'F8_E4M3', data: async () => codesOf(await matrix(), scheme) },
      {
        name: name.replace(/weight$/, suffix),
        ...{ shape: scaleShape(scheme, rows, columns), dtype: scheme.scaleType },
        data: async () => scalesOf(await matrix(), scheme).data,
      },
    );
  }
  return { records, json: { quantization_config: quantizationConfig(scheme, dialect, [HEAD]) } };
}
