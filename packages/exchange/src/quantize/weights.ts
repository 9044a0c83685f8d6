/** @file A model's weights quantised: matrices of the blocks in FP8 with their scales, all else as it is. */
import { E4M3FN, OctavoError } from '@octavo/formats';
import { huggingFaceTensors } from '@octavo/llama';
import type { SafetensorsRecord } from '@octavo/store';
import type { ChannelMaxima } from '../calibrate/calibrate.ts';
import { inType, type OutputType, outputTypes } from '../output-type.ts';
import { type ModelSource, valuesOf } from '../source.ts';
import type { Weights } from '../write-hugging-face.ts';
import { codesOf, scaleShape, scalesOf } from './matrix.ts';
import { type Dialect, quantizationConfig, type Scheme, scaleSuffix } from './schemes.ts';

/** The matrices of attention and SwiGLU; embedding, head and norms are not among them. */
const QUANTIZED = /^model\.layers\.\d+\.(self_attn|mlp)\.\w+_proj\.weight$/;

/** The head's module, which stays as it is. */
const HEAD = 'lm_head';

export interface Quantizing {
  readonly dialect: Dialect;
  /** The type of what stays. */
  readonly dtype: OutputType | null;
  /** Makes activations static: their maxima on calibration text. */
  readonly maxima?: ChannelMaxima | null;
}

/** To be written by `writeHuggingFace`. Throws an `OctavoError` (exit code 2) for static activations of a scheme without them. */
export function quantizedWeights(
  source: ModelSource,
  scheme: Scheme,
  { dialect, dtype, maxima = null }: Quantizing,
): Weights {
  if (maxima && scheme.staticActivations === null)
    throw new OctavoError(
      `[exchange] static activations: got ${scheme.name}, whose blocks are scaled as they come, expected fp8 or fp8-channel`,
      { exitCode: 2 },
    );
  const suffix = scaleSuffix(scheme, dialect);
  const ours = new Map(huggingFaceTensors(source.config).map(({ name, parameter }) => [name, parameter]));
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
    if (maxima) records.push(inputScale(name, maxima.get(ours.get(name)!)));
  }
  const json = quantizationConfig(scheme, dialect, [HEAD], maxima !== null);
  return { records, json: { quantization_config: json } };
}

/** amax / 448, which multiplies as a weight's scale does; 1 where nothing flows. */
function inputScale(name: string, maxima: Float32Array | undefined): SafetensorsRecord {
  if (maxima === undefined)
    throw new OctavoError(`[exchange] ${name}: got no maxima of its input, expected those of calibrate`);
  const amax = maxima.reduce((a, b) => Math.max(a, b), 0);
  const scale = amax === 0 ? 1 : Math.max(2 ** -126, amax / E4M3FN.max);
  return {
    name: name.replace(/weight$/, 'input_scale'),
    ...{ shape: [1], dtype: 'F32', data: Float32Array.of(scale) },
  };
}
