/** @file What work needs in memory, reckoned from its shape before anything is allocated. */
import { elements } from '@octavo/kernels';
import { cacheRowBytes, headDimOf, type LlamaConfig, parameterSpecs } from '@octavo/llama';
import { type Recipe, rowsAtOnce } from '@octavo/nn';
import { adamFormats, bytesPerParameter, formatsFor } from '@octavo/optim';
import type { Workload } from './device/trial.ts';

/** Bytes, as the simd device keeps them. */
export interface MemoryNeed {
  readonly parameters: number;
  /** The bytes of each part, by its name for people. */
  readonly parts: Readonly<Record<string, number>>;
  readonly total: number;
}

/**
 * The peak of a training step, of a forward pass over one batch, or of generation. Weights, optimizer and cache are
 * exact; the rest is counted from what a block keeps. Within a quarter of what was measured on small models.
 */
export function memoryNeeded(work: Workload): MemoryNeed {
  const sizes = parameterSizes(work.model);
  const parts = reckonings[work.kind](work, sizes);
  return {
    parameters: sizes.matrices + sizes.gains,
    parts,
    total: Object.values(parts).reduce((a, b) => a + b, 0),
  };
}

interface Sizes {
  readonly matrices: number;
  readonly gains: number;
}

const reckonings: Readonly<Record<Workload['kind'], (work: Workload, sizes: Sizes) => MemoryNeed['parts']>> =
  {
    /**
     * Weights, master weights and moments, and these once more: what an update makes, and then holds of the state before it
     * until gradients have proven the new one. Beside them, whatever is more: what the forward pass keeps and a part of the
     * logits with their gradient (and the gradients of earlier micro-batches), or all gradients in float32 and a sum of two.
     */
    train(work, sizes) {
      const { model, recipe, accumulation = 1 } = work;
      const formats = adamFormats(recipe.optimizer);
      const bytes = (isMatrix: boolean) => bytesPerParameter(formatsFor(formats, isMatrix));
      const weights = weightBytes(model, recipe, sizes);
      const optimizer = sizes.matrices * bytes(true) + sizes.gains * bytes(false);
      const state = { weights, optimizer, codes: isQuantized(recipe) ? linearElements(model) : 0 };
      const gradients = 4 * (sizes.matrices + sizes.gains);
      const activations = activationBytes(work);
      const several = accumulation > 1;
      const sum = several || model.tiedHead ? 8 * model.vocabularySize * model.hiddenSize : 0;
      return {
        ...state,
        'second state': weights + optimizer,
        ...(activations + (several ? gradients : 0) > gradients + sum
          ? { activations, ...(several && { gradients }) }
          : { gradients: gradients + sum }),
      };
    },

    /** Weights and their 8-bit codes; of the activations only what one place has at a time: a block, or the logits. */
    evaluate({ model, recipe, batch, sequence }, sizes) {
      const { hiddenSize: d, ffnSize: f, vocabularySize: v } = model;
      const tokens = batch * sequence;
      const token = Math.max(d + 3 * f, 3 * d + 4 * keyValueWidth(model));
      const values = Math.max(tokens * token, tokens * d + rowsAtOnce(tokens, v) * v);
      return inference(model, recipe, sizes, { activations: widthOf(recipe) * values });
    },

    /** Weights, their codes, keys and values of a whole context, and one token on its way through. */
    generate({ model, recipe, kvCache = recipe.activations }, sizes) {
      const { hiddenSize: d, ffnSize: f, vocabularySize: v, layers, contextLength } = model;
      const width = widthOf(recipe);
      return inference(model, recipe, sizes, {
        cache: layers * contextLength * cacheRowBytes({ ...model, headDim: headDimOf(model) }, kvCache),
        activations: width * Math.max(d + 3 * f, d + v),
      });
    },
  };

/**
 * About 4 D + 3 F + 1.3 the keys' and values' width for each token and layer in the activations' format, half of the D where
 * inputs are kept as 8-bit codes; of a block that is computed again only its input; and the head's share.
 */
function activationBytes({ model, recipe, batch, sequence, recompute = 'none' }: Workload): number {
  const { hiddenSize: d, ffnSize: f, layers, vocabularySize: v } = model;
  const tokens = batch * sequence;
  const codes = isQuantized(recipe);
  const whole = (codes ? 2 : 4) * d + 3 * f + 1.3 * keyValueWidth(model);
  const kept = { none: whole, selective: whole - (2 * d + f) / (codes ? 2 : 1), full: d }[recompute];
  const blocks = tokens * (layers * kept + (recompute === 'full' ? whole : 0) + 4 * d);
  const some = rowsAtOnce(tokens, v);
  return widthOf(recipe) * (blocks + 2 * some * v) + (some < tokens ? 4 * v * d : 0);
}

/** `own` beside the weights and their codes; or what loading takes, matrix after matrix in float32, where that is more. */
function inference(
  model: LlamaConfig,
  recipe: Recipe,
  sizes: Sizes,
  own: Readonly<Record<string, number>>,
): MemoryNeed['parts'] {
  const weights = weightBytes(model, recipe, sizes) + (isQuantized(recipe) ? linearElements(model) : 0);
  const others = Object.values(own).reduce((a, b) => a + b, 0);
  return { weights: Math.max(weights, loadingBytes(model, recipe) - others), ...own };
}

/** The peak of loading: every matrix comes in float32 and is rounded, the earlier ones being there. */
function loadingBytes(model: LlamaConfig, recipe: Recipe): number {
  let [loaded, peak] = [0, 0];
  for (const { shape } of parameterSpecs(model)) {
    const count = elements(shape);
    const rounded = shape.length > 1 && widthOf(recipe) === 2 ? 2 * count : 0;
    peak = Math.max(peak, loaded + 4 * count + rounded);
    loaded += rounded || 4 * count;
  }
  return peak;
}

/** Bytes of an element of the activations and of the working weights. */
const widthOf = ({ activations }: Recipe): number => (activations === 'fp32' ? 4 : 2);

const isQuantized = ({ linear }: Recipe): boolean => linear.output.input !== null;

const keyValueWidth = (model: LlamaConfig): number => model.keyValueHeads * headDimOf(model);

function parameterSizes(model: LlamaConfig): Sizes {
  const sum = (isMatrix: boolean): number =>
    parameterSpecs(model)
      .filter(({ shape }) => shape.length > 1 === isMatrix)
      .reduce((total, { shape }) => total + elements(shape), 0);
  return { matrices: sum(true), gains: sum(false) };
}

/** Of the four linear layers of every block. */
const linearElements = (model: LlamaConfig): number => {
  const { hiddenSize: d, ffnSize: f, layers } = model;
  return layers * (d * (2 * d + 2 * keyValueWidth(model)) + 3 * d * f);
};

/** Working weights, gains in float32, and the tables of rotary positions. */
const weightBytes = (model: LlamaConfig, recipe: Recipe, { matrices, gains }: Sizes): number =>
  matrices * widthOf(recipe) + gains * 4 + 4 * model.contextLength * headDimOf(model);
