/** @file The Llama2 model (Touvron et al., arXiv 2307.09288), top to bottom. */
import { BF16, FP32, OctavoError } from '@octavo/formats';
import { type Device, dequantize, ropeTables, type Tensor } from '@octavo/kernels';
import {
  add,
  attention,
  type Context,
  createFp8Linear,
  crossEntropy,
  done,
  embedding,
  type Fp8Linear,
  linear,
  observe,
  type Parameter,
  type Precision,
  project,
  rmsNorm,
  rope,
  scaleTokens,
  smoothingOf,
  swiglu,
  swigluPerToken,
  type TokenIndex,
  type Variable,
} from '@octavo/nn';
import { headDimOf, type LlamaConfig, validateConfig } from './config.ts';
import { initialValues, parameterSpecs } from './parameters.ts';

interface Block {
  readonly attentionNorm: Parameter;
  readonly qkv: Fp8Linear;
  readonly attentionOut: Fp8Linear;
  readonly ffnNorm: Parameter;
  readonly gateUp: Fp8Linear;
  readonly down: Fp8Linear;
}

export interface Llama {
  readonly config: LlamaConfig;
  readonly device: Device;
  readonly precision: Precision;
  /** In the order of `parameterSpecs`. */
  readonly parameters: readonly Parameter[];
  readonly embedding: Parameter;
  readonly blocks: readonly Block[];
  readonly norm: Parameter;
  readonly head: Parameter;
  /** FP32 `[contextLength, headDim / 2]` each. */
  readonly rope: { readonly cos: Tensor; readonly sin: Tensor };
}

/** Sequences to run: `batch · sequence` tokens, one position each. */
export interface Batch extends TokenIndex {
  readonly batch: number;
  readonly sequence: number;
  readonly positions: Tensor;
}

/**
 * A model on a device, its weights from `values` (float32 by name) or, where that gives nothing, at random from `seed`.
 * Working weights are kept in the recipe's activation format, gains in FP32.
 */
export function createLlama(
  config: LlamaConfig,
  precision: Precision,
  options: { seed?: number; values?: (name: string) => Float32Array | undefined } = {},
): Llama {
  validateConfig(config);
  const { device, recipe } = precision;
  for (const layer of Object.keys(recipe.smoothLayers ?? {})) {
    if (Number(layer) >= config.layers)
      throw new OctavoError(
        `[llama] recipe ${recipe.name}: smoothLayers names layer ${layer}, expected 0 to ${config.layers - 1}`,
        { exitCode: 2 },
      );
  }
  const parameters = parameterSpecs(config).map((spec, index): Parameter => {
    const isMatrix = spec.shape.length > 1;
    const values = options.values?.(spec.name) ?? initialValues(spec, index, options.seed ?? 0);
    return {
      name: spec.name,
      value: workingWeight(precision, spec.shape, values, isMatrix),
      grad: null,
      isMatrix,
    };
  });
  const named = (name: string): Parameter => {
    const found = parameters.find((p) => p.name === name);
    if (!found) throw new OctavoError(`[llama] no parameter "${name}"`);
    return found;
  };
  const blocks = Array.from(
    { length: config.layers },
    (_, i): Block => ({
      attentionNorm: named(`layers.${i}.attentionNorm`),
      qkv: createFp8Linear(precision, i, 'qkv', named(`layers.${i}.qkv`)),
      attentionOut: createFp8Linear(precision, i, 'attentionOut', named(`layers.${i}.attentionOut`)),
      ffnNorm: named(`layers.${i}.ffnNorm`),
      gateUp: createFp8Linear(precision, i, 'gateUp', named(`layers.${i}.gateUp`)),
      down: createFp8Linear(precision, i, 'down', named(`layers.${i}.down`)),
    }),
  );
  const tables = ropeTables(config.contextLength, headDimOf(config), config.ropeTheta);
  const table = (values: Float32Array) => {
    const tensor = device.alloc([config.contextLength, headDimOf(config) / 2], FP32);
    device.write(tensor, values);
    return tensor;
  };
  return {
    config,
    device,
    precision,
    parameters,
    embedding: named('embedding'),
    blocks,
    norm: named('norm'),
    head: config.tiedHead ? named('embedding') : named('head'),
    rope: { cos: table(tables.cos), sin: table(tables.sin) },
  };
}

/** Float32 values, rounded once to the format that the model computes with. */
export function workingWeight(
  precision: Precision,
  shape: readonly number[],
  values: Float32Array,
  isMatrix: boolean,
): Tensor {
  const { device, recipe } = precision;
  const exact = device.alloc(shape, FP32);
  device.write(exact, values);
  if (!isMatrix || recipe.activations === 'fp32') return exact;
  const one = device.alloc([1, 1], FP32);
  device.write(one, [1]);
  const rounded = device.alloc(shape, BF16);
  device.run(dequantize, { blockRows: shape[0]!, blockColumns: shape[1]! }, [exact, one], rounded);
  device.free(exact);
  device.free(one);
  return rounded;
}

/** Is shown the input of every layer's feed-forward part, `[T, D]`, as the forward pass goes by. */
export type FeedForwardWatcher = (layer: number, input: Variable) => void;

/** Logits of every position: `[batch · sequence, V]`. */
export function forward(
  model: Llama,
  context: Context,
  input: Batch,
  watch: FeedForwardWatcher = () => {},
): Variable {
  const x = embedding(context, model.embedding, input); // [T, D]
  const out = model.blocks.reduce(
    (h, block, i) => forwardBlock(model, context, block, h, input, (b) => watch(i, b)),
    x,
  ); // [T, D]
  const normed = rmsNorm(context, out, model.norm, model.config.normEpsilon); // [T, D]
  done(context, out);
  observe(context, { layer: null, name: 'head', operand: 'input' }, normed.value);
  const logits = project(context, normed, model.head); // [T, V]
  observe(context, { layer: null, name: 'head', operand: 'output' }, logits.value);
  done(context, normed);
  return logits;
}

function forwardBlock(
  model: Llama,
  context: Context,
  block: Block,
  x: Variable,
  input: Batch,
  watch: (input: Variable) => void,
): Variable {
  const { config } = model;
  const { layer } = block.qkv;
  const heads = { heads: config.heads, keyValueHeads: config.keyValueHeads, headDim: headDimOf(config) };

  const a = rmsNorm(context, x, block.attentionNorm, config.normEpsilon); // [T, D]
  const qkv = linear(context, block.qkv, a); // [T, (H + 2 KV) hd]
  done(context, a);
  const turned = rope(context, qkv, heads, { ...model.rope, positions: input.positions });
  done(context, qkv);
  observe(context, { layer, name: 'attention', operand: 'input' }, turned.value);
  const mixed = attention(context, turned, { ...heads, batch: input.batch, sequence: input.sequence }); // [T, H hd]
  done(context, turned);
  const attended = linear(context, block.attentionOut, mixed); // [T, D]
  done(context, mixed);
  const h = addUp(context, x, attended); // [T, D]

  const b = rmsNorm(context, h, block.ffnNorm, config.normEpsilon); // [T, D]
  watch(b);
  const fed = feedForward(context, block, b); // [T, D]
  done(context, b);
  return addUp(context, h, fed); // [T, D]
}

/** The sum of two variables that nobody else reads. */
function addUp(context: Context, a: Variable, b: Variable): Variable {
  const sum = add(context, a, b);
  for (const part of [a, b]) done(context, part);
  return sum;
}

/** down(up ⊙ silu(gate)), plain or Smooth-SwiGLU: `[T, D]` → `[T, D]`. */
export function feedForward(context: Context, block: Pick<Block, 'gateUp' | 'down'>, x: Variable): Variable {
  const gateUp = linear(context, block.gateUp, x); // [T, 2F]
  const perToken = smoothingOf(context.precision.recipe, block.down.layer) === 'token';
  const { h, t } = perToken ? swigluPerToken(context, gateUp) : { h: swiglu(context, gateUp), t: null }; // [T, F], [T, 1]
  done(context, gateUp);
  const y = linear(context, block.down, h); // [T, D]; per channel: smoothed in the cast of down's input
  done(context, h);
  if (!t) return y;
  const scaled = scaleTokens(context, y, t);
  done(context, y);
  return scaled;
}

/** Σ −log p(target) over the tokens whose target is not negative; its gradient is `weight` times that. FP32 `[1]`. */
export function lossOf(
  model: Llama,
  context: Context,
  input: Batch,
  targets: Tensor,
  weight: Tensor,
): Tensor {
  const logits = forward(model, context, input);
  const loss = crossEntropy(context, logits, targets, weight);
  done(context, logits);
  return loss;
}

/** Frees the model's tensors. */
export function destroyLlama(model: Llama): void {
  for (const parameter of model.parameters) model.device.free(parameter.value);
  model.device.free(model.rope.cos);
  model.device.free(model.rope.sin);
}
