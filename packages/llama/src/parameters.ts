/** @file The trained tensors of a Llama2: names, shapes, and how they begin. */
import { counterRandom, FP32, OctavoError } from '@octavo/formats';
import { elements, roundTo } from '@octavo/kernels';
import { activationFormat, type Parameter, type Precision } from '@octavo/nn';
import { headDimOf, type LlamaConfig, validateConfig } from './config.ts';

/** What stands in a checkpoint for one parameter. */
export interface ParameterSpec {
  readonly name: string;
  readonly shape: readonly number[];
  /** Standard deviation at the start; null for gains, which begin at one. */
  readonly std: number | null;
}

/** Every parameter in the order of the forward pass. Gate and up are one matrix, so are q, k and v. */
export function parameterSpecs(config: LlamaConfig): readonly ParameterSpec[] {
  const { hiddenSize: d, ffnSize: f, layers, heads, keyValueHeads, vocabularySize } = config;
  const headDim = headDimOf(config);
  const std = 1 / Math.sqrt(d);
  const residual = 1 / Math.sqrt(2 * layers); // GPT-2: 2 · layers branches add up
  const specs: ParameterSpec[] = [{ name: 'embedding', shape: [vocabularySize, d], std }];
  for (let i = 0; i < layers; i++) {
    specs.push(
      { name: `layers.${i}.attentionNorm`, shape: [d], std: null },
      { name: `layers.${i}.qkv`, shape: [(heads + 2 * keyValueHeads) * headDim, d], std },
      { name: `layers.${i}.attentionOut`, shape: [d, heads * headDim], std: std * residual },
      { name: `layers.${i}.ffnNorm`, shape: [d], std: null },
      { name: `layers.${i}.gateUp`, shape: [2 * f, d], std },
      { name: `layers.${i}.down`, shape: [d, f], std: residual / Math.sqrt(f) },
    );
  }
  specs.push({ name: 'norm', shape: [d], std: null });
  if (!config.tiedHead) specs.push({ name: 'head', shape: [vocabularySize, d], std });
  return specs;
}

export const countParameters = (config: LlamaConfig): number =>
  parameterSpecs(config).reduce((sum, { shape }) => sum + elements(shape), 0);

/** Starting values: normal by Box and Muller on a counter-based generator, so they depend on (seed, name order) only. */
export function initialValues(spec: ParameterSpec, index: number, seed: number): Float32Array {
  const values = new Float32Array(elements(spec.shape));
  if (spec.std === null) return values.fill(1);
  const stream = counterRandom(seed, 0x10000 + index);
  for (let i = 0; i < values.length; i += 2) {
    const u = (counterRandom(stream, i) + 1) / 2 ** 32;
    const angle = (2 * Math.PI * counterRandom(stream, i + 1)) / 2 ** 32;
    const radius = spec.std * Math.sqrt(-2 * Math.log(u));
    values[i] = radius * Math.cos(angle);
    if (i + 1 < values.length) values[i + 1] = radius * Math.sin(angle);
  }
  return values;
}

/** Throws an `OctavoError` (exit code 2) for a model that cannot be, or that a recipe does not fit. */
export function checkModel(config: LlamaConfig, { recipe }: Pick<Precision, 'recipe'>): void {
  validateConfig(config);
  for (const layer of Object.keys(recipe.smoothLayers ?? {})) {
    if (Number(layer) >= config.layers)
      throw new OctavoError(
        `[llama] recipe ${recipe.name}: smoothLayers names layer ${layer}, expected 0 to ${config.layers - 1}`,
        { exitCode: 2 },
      );
  }
}

/** A parameter on the device: a matrix in the recipe's activation format, a gain in FP32. */
export function createParameter(
  precision: Precision,
  { name, shape }: Pick<ParameterSpec, 'name' | 'shape'>,
  values: Float32Array,
): Parameter {
  const { device } = precision;
  const isMatrix = shape.length > 1;
  const exact = device.alloc(shape, FP32);
  device.write(exact, values);
  const value = isMatrix ? roundTo(device, exact, activationFormat({ precision })) : exact;
  if (value !== exact) device.free(exact);
  return { name, value, grad: null, isMatrix };
}
