/** @file The Llama2 model (Touvron et al., arXiv 2307.09288), top to bottom. */
import { FP32, OctavoError } from '@octavo/formats';
import { type Device, ropeTables, type Tensor } from '@octavo/kernels';
import {
  add,
  attention,
  type Context,
  createFp8Linear,
  embedding,
  type Fp8Linear,
  type Heads,
  headLoss,
  keep,
  linear,
  observe,
  type Parameter,
  type Precision,
  project,
  recomputed,
  rmsNorm,
  rope,
  scaleTokens,
  smoothingOf,
  swiglu,
  swigluPerToken,
  type TokenIndex,
  type Variable,
} from '@octavo/nn';
import { headDimOf, type LlamaConfig } from './config.ts';
import { checkModel, createParameter, initialValues, parameterSpecs } from './parameters.ts';
import { scaledFrequency } from './rope-scaling.ts';

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

/** Tokens to run, and the position of each, FP32 `[T]`. */
export interface Placed extends TokenIndex {
  readonly positions: Tensor;
}

/** Sequences to run: `batch · sequence` tokens. */
export interface Batch extends Placed {
  readonly batch: number;
  readonly sequence: number;
}

/** Mixes the values of earlier tokens into those of a block: `[T, (H + 2 KV) hd]` → `[T, H hd]`. */
export type Attend = (context: Context, qkv: Variable, block: number) => Variable;

/**
 * A model on a device, its weights from `values` (float32 by name) or, where that gives nothing, at random from `seed`.
 * Working weights are kept in the recipe's activation format, gains in FP32.
 */
export function createLlama(
  config: LlamaConfig,
  precision: Precision,
  options: { seed?: number; values?: (name: string) => Float32Array | undefined } = {},
): Llama {
  checkModel(config, precision);
  const parameters = parameterSpecs(config).map((spec, index) =>
    createParameter(
      precision,
      spec,
      options.values?.(spec.name) ?? initialValues(spec, index, options.seed ?? 0),
    ),
  );
  return llamaOf(config, precision, parameters);
}

/** The model of parameters that are on the device already, in the order of `parameterSpecs`. */
export function llamaOf(config: LlamaConfig, precision: Precision, parameters: readonly Parameter[]): Llama {
  const { device } = precision;
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
  const scaled = scaledFrequency(config.ropeScaling);
  const tables = ropeTables(config.contextLength, headDimOf(config), config.ropeTheta, scaled);
  const tensor = (values: Float32Array): Tensor => {
    const made = device.alloc([config.contextLength, headDimOf(config) / 2], FP32);
    device.write(made, values);
    return made;
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
    rope: { cos: tensor(tables.cos), sin: tensor(tables.sin) },
  };
}

export const headsOf = (config: LlamaConfig): Heads => ({
  heads: config.heads,
  keyValueHeads: config.keyValueHeads,
  headDim: headDimOf(config),
});

/** Logits of every position: `[batch · sequence, V]`. */
export const forward = (model: Llama, context: Context, input: Batch): Variable =>
  projected(model, context, hiddenOf(model, context, input, within(model, input)));

/**
 * Σ −log p(target) over the tokens whose target is not negative; its gradient is `weight` times that. FP32 `[1]`. Of the
 * logits only some rows are in memory at a time.
 */
export function lossOf(
  model: Llama,
  context: Context,
  input: Batch,
  targets: Tensor,
  weight: Tensor,
): Tensor {
  const hidden = hiddenOf(model, context, input, within(model, input)); // [T, D]
  return headLoss(context, normedOf(model, context, hidden), model.head, targets, weight, LOGITS);
}

/** Attention within each sequence of a batch. */
export const within =
  ({ config }: Llama, { batch, sequence }: Pick<Batch, 'batch' | 'sequence'>): Attend =>
  (context, qkv) =>
    attention(context, qkv, { ...headsOf(config), batch, sequence });

/** What the blocks make of every token, `[T, D]`. Functions consume what they are given; `keep` stands where two take a value. */
export function hiddenOf(model: Llama, context: Context, input: Placed, attend: Attend): Variable {
  return throughBlocks(model, context, embedding(context, model.embedding, input), input, attend); // [T, D]
}

/** What the blocks make of what is given to the first, without embedding and head: `[T, D]` → `[T, D]`. */
export const throughBlocks = (
  model: Llama,
  context: Context,
  first: Variable,
  input: Pick<Placed, 'positions'>,
  attend: Attend,
): Variable =>
  model.blocks.reduce((x, block) => {
    const run = (own: Context, of: Variable) => forwardBlock(model, own, block, of, input, attend);
    return context.recompute === 'full' ? recomputed(context, x, run) : run(context, x);
  }, first);

const LOGITS = { layer: null, name: 'head', operand: 'output' };

/** Logits of what the blocks have made: `[T, D]` → `[T, V]`. */
export function projected(model: Llama, context: Context, hidden: Variable): Variable {
  const logits = project(context, normedOf(model, context, hidden), model.head); // [T, V]
  observe(context, LOGITS, logits.value);
  return logits;
}

/** What the head is given of what the blocks have made: `[T, D]` → the same. */
function normedOf(model: Llama, context: Context, hidden: Variable): Variable {
  const normed = rmsNorm(context, hidden, model.norm, model.config.normEpsilon);
  observe(context, { layer: null, name: 'head', operand: 'input' }, normed.value);
  return normed;
}

/** h = x + attention(norm(x)), then h + feedForward(norm(h)): `[T, D]` → `[T, D]`. */
function forwardBlock(
  model: Llama,
  context: Context,
  block: Block,
  x: Variable,
  input: Pick<Placed, 'positions'>,
  attend: Attend,
): Variable {
  const norm = (of: Variable, gain: Parameter) => rmsNorm(context, of, gain, model.config.normEpsilon);
  const attended = selfAttention(
    model,
    context,
    block,
    norm(keep(context, x), block.attentionNorm),
    input,
    attend,
  );
  const h = add(context, x, attended); // [T, D]
  return add(context, h, feedForward(context, block, norm(keep(context, h), block.ffnNorm))); // [T, D]
}

/** Every token looks at those before it: `[T, D]` → `[T, D]`. */
function selfAttention(
  model: Llama,
  context: Context,
  { qkv, attentionOut }: Block,
  x: Variable,
  { positions }: Pick<Placed, 'positions'>,
  attend: Attend,
): Variable {
  const packed = linear(context, qkv, x); // [T, (H + 2 KV) hd]
  const turned = rope(context, packed, headsOf(model.config), { ...model.rope, positions });
  observe(context, { layer: qkv.layer, name: 'attention', operand: 'input' }, turned.value);
  return linear(context, attentionOut, attend(context, turned, qkv.layer)); // [T, D]
}

/** down(up ⊙ silu(gate)), plain or Smooth-SwiGLU: `[T, D]` → `[T, D]`. */
function feedForward(context: Context, { gateUp, down }: Block, x: Variable): Variable {
  const packed = linear(context, gateUp, x); // [T, 2F]
  if (smoothingOf(context.precision.recipe, down.layer) !== 'token')
    return linear(context, down, swiglu(context, packed)); // per channel: smoothed in the cast of down's input
  const { h, t } = swigluPerToken(context, packed); // [T, F], [T, 1]
  return scaleTokens(context, linear(context, down, h), t);
}

/** Frees the model's tensors. */
export function destroyLlama({ device, parameters, rope: { cos, sin } }: Llama): void {
  for (const tensor of [...parameters.map(({ value }) => value), cos, sin]) device.free(tensor);
}
