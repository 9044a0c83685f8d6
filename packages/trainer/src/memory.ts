/** @file What a run needs in memory, reckoned from its plan before anything is allocated. */
import { headDimOf, parameterSpecs } from '@octavo/llama';
import { adamFormats, bytesPerParameter, formatsFor } from '@octavo/optim';
import type { TrainPlan } from './plan.ts';

/** Bytes, as the simd device keeps them. */
export interface MemoryNeed {
  readonly parameters: number;
  /** Working weights, and the tables of rotary positions. */
  readonly weights: number;
  /** Master weights and both moments. */
  readonly optimizer: number;
  /** Gradients in float32, and the copies of weights that casts make. */
  readonly gradients: number;
  /** What the forward pass keeps of one micro-batch, logits included. */
  readonly activations: number;
  readonly total: number;
}

/**
 * The peak of a training step. Weights and optimizer are exact; the rest is counted from what a block keeps, about
 * 4 D + 3 F + the keys' and values' width for each token and layer in the activations' format, half of the D where
 * inputs are kept as 8-bit codes, and 1.7 V + 4 D for each token at the end.
 * Within a quarter of what was measured on small models.
 */
export function memoryNeeded({ model, recipe, batch, sequence }: TrainPlan): MemoryNeed {
  const { hiddenSize: d, ffnSize: f, layers, vocabularySize: v, keyValueHeads, contextLength } = model;
  const width = recipe.activations === 'fp32' ? 4 : 2;
  const formats = adamFormats(recipe.optimizer);
  let parameters = 0;
  let weights = 4 * contextLength * headDimOf(model);
  let optimizer = 0;
  for (const { shape } of parameterSpecs(model)) {
    const count = shape.reduce((a, b) => a * b, 1);
    const own = formatsFor(formats, shape.length > 1);
    parameters += count;
    weights += count * (shape.length > 1 ? width : 4);
    optimizer += count * bytesPerParameter(own);
  }
  const codes = recipe.linear.output.input !== null;
  const gradients = parameters * (4 + (codes ? 3 : width === 2 ? 2 : 0.5));
  const keyValue = keyValueHeads * headDimOf(model);
  const block = (codes ? 2 : 4) * d + 3 * f + 1.3 * keyValue;
  const activations = batch * sequence * width * (layers * block + 1.7 * v + 4 * d);
  const total = weights + optimizer + gradients + activations;
  return { parameters, weights, optimizer, gradients, activations, total };
}
