/** @file How weights are quantised, as data: which of them share a scale, how the scale is called and kept, what `config.json` says. */
import type { Granularity } from '@octavo/scaling';
import type { SafetensorsType } from '@octavo/store';

/** Whose words `config.json` uses: compressed-tensors', or those of DeepSeek's files, which vLLM and transformers call `fp8`. */
export type Dialect = 'compressed-tensors' | 'fp8';

export interface Scheme {
  readonly name: string;
  readonly granularity: Granularity;
  /** The scale tensor's type; U8: E8M0 codes. */
  readonly scaleType: Extract<SafetensorsType, 'F32' | 'U8'>;
  /** Whole blocks only, along a row of the matrix. */
  readonly columnsMultiple: number;
  /** The dialects that know it, the usual one first. */
  readonly dialects: readonly Dialect[];
  /** compressed-tensors' name of the layout, its `weights` and its `input_activations`. */
  readonly format: string;
  readonly weights: Readonly<Record<string, unknown>>;
  readonly activations: Readonly<Record<string, unknown>>;
  /** `input_activations` with one scale that is known beforehand; null: loaders take none of blocks. */
  readonly staticActivations: Readonly<Record<string, unknown>> | null;
}

const float8 = { num_bits: 8, type: 'float', symmetric: true } as const;
const still = { ...float8, dynamic: false, group_size: null } as const;
const perToken = { ...float8, dynamic: true, group_size: null, strategy: 'token' } as const;
const perTensor = { ...still, strategy: 'tensor' } as const;
const mx = { ...float8, group_size: 32, strategy: 'group', scale_dtype: 'torch.uint8' } as const;

/** Rows and columns of a block of `fp8-block` (arXiv 2412.19437, section 3.3). */
export const BLOCK = 128;

/** All schemes by name; the presets FP8, FP8_DYNAMIC, FP8_BLOCK and MXFP8 of compressed-tensors 0.20 say the same. */
export const schemes = {
  fp8: {
    ...{ name: 'fp8', granularity: { kind: 'tensor' }, scaleType: 'F32', columnsMultiple: 1 },
    ...{ dialects: ['compressed-tensors', 'fp8'], format: 'float-quantized' },
    ...{ weights: perTensor, activations: perToken, staticActivations: perTensor },
  },
  'fp8-channel': {
    ...{ name: 'fp8-channel', granularity: { kind: 'row' }, scaleType: 'F32', columnsMultiple: 1 },
    ...{ dialects: ['compressed-tensors'], format: 'float-quantized' },
    ...{ weights: { ...still, strategy: 'channel' }, activations: perToken, staticActivations: perTensor },
  },
  'fp8-block': {
    ...{ name: 'fp8-block', granularity: { kind: 'block', rows: BLOCK, columns: BLOCK } },
    ...{
      scaleType: 'F32',
      columnsMultiple: 1,
      dialects: ['fp8', 'compressed-tensors'],
      format: 'float-quantized',
    },
    weights: { ...still, strategy: 'block', block_structure: [BLOCK, BLOCK] },
    activations: { ...float8, dynamic: true, strategy: 'group', group_size: BLOCK },
    staticActivations: null,
  },
  mxfp8: {
    ...{ name: 'mxfp8', granularity: { kind: 'mx', axis: 'row' }, scaleType: 'U8', columnsMultiple: 32 },
    ...{ dialects: ['compressed-tensors'], format: 'mxfp8-quantized' },
    ...{ weights: { ...mx, dynamic: false }, activations: { ...mx, dynamic: true }, staticActivations: null },
  },
} as const satisfies Readonly<Record<string, Scheme>>;

export type SchemeName = keyof typeof schemes;

/** What follows `model.layers.0.….` in the name of a matrix's scale: `weight_scale_inv` multiplies as `weight_scale` does. */
export const scaleSuffix = ({ name }: Scheme, dialect: Dialect): string =>
  dialect === 'fp8' && name === 'fp8-block' ? 'weight_scale_inv' : 'weight_scale';

/**
 * `quantization_config` of `config.json`. `left`: modules that stay as they are; `isStatic`: activations have an `input_scale`,
 * else they are quantised as they come.
 */
export function quantizationConfig(
  scheme: Scheme,
  dialect: Dialect,
  left: readonly string[],
  isStatic = false,
): Readonly<Record<string, unknown>> {
  if (dialect === 'fp8')
    return {
      ...{ quant_method: 'fp8', fmt: 'e4m3', activation_scheme: isStatic ? 'static' : 'dynamic' },
      ...(scheme.name === 'fp8-block' && { weight_block_size: [BLOCK, BLOCK] }),
      ...{ ignored_layers: left, modules_to_not_convert: left },
    };
  const { weights, format } = scheme;
  const activations = isStatic ? scheme.staticActivations : scheme.activations;
  return {
    quant_method: 'compressed-tensors',
    format,
    quantization_status: 'compressed',
    config_groups: {
      group_0: {
        targets: ['Linear'],
        weights,
        input_activations: activations,
        output_activations: null,
        format,
      },
    },
    ignore: left,
    kv_cache_scheme: null,
    global_compression_ratio: null,
  };
}
