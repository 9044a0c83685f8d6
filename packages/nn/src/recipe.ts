/**
 * @file A precision recipe says, as plain data, what each of a linear layer's three products does with its operands,
 * what stays in 16 bits, which Smooth-SwiGLU is used, and how the optimizer stores its state.
 */
import type { Overflow, Rounding } from '@octavo/formats';
import type { Granularity, Policy } from '@octavo/scaling';

/** How one operand becomes few bits: format, where its scale comes from, which elements share it. */
export interface CastRecipe {
  readonly format: string;
  readonly policy: Policy;
  readonly granularity: Granularity;
  readonly rounding: Rounding;
  readonly overflow: Overflow;
}

/** The two operands of each product; null leaves an operand in the format of the activations. */
export interface LinearRecipe {
  /** y = x Wᵀ */
  readonly output: { readonly input: CastRecipe | null; readonly weight: CastRecipe | null };
  /** dx = dy W */
  readonly gradInput: { readonly grad: CastRecipe | null; readonly weight: CastRecipe | null };
  /** dW = dyᵀ x */
  readonly gradWeight: { readonly grad: CastRecipe | null; readonly input: CastRecipe | null };
}

/** Formats of the optimizer's state; scales are current, per tensor: max / amax. */
export interface OptimizerRecipe {
  readonly master: string;
  readonly moment1: string;
  readonly moment2: string;
  readonly masterRounding: Rounding;
  /** Of both moments. */
  readonly rounding: Rounding;
  /** Round scales down to powers of two. */
  readonly powerOfTwo: boolean;
  /**
   * `bounded`: m / √v of moments in few bits stays within what exact Adam can reach; `plain`: the paper's code, where a
   * second moment may vanish before the first (see @octavo/optim).
   */
  readonly moment2Rule: 'plain' | 'bounded';
}

/** Names of a block's linear layers; gate and up are one product, so are q, k and v (as in the paper's code). */
export type LinearName = 'qkv' | 'attentionOut' | 'gateUp' | 'down';

/**
 * `channel`: a power of two per channel, undone in the product, as the paper's equation has it; `channel-folded`: undone
 * in the cast of the weight, as a matrix unit runs it; `token`: up / max |up| per token, the paper's code.
 */
export const SMOOTHINGS = ['none', 'channel', 'channel-folded', 'token'] as const;
export type Smoothing = (typeof SMOOTHINGS)[number];

export interface Recipe {
  readonly name: string;
  /** One sentence for people. */
  readonly summary: string;
  /** Embedding, norms, RoPE, attention, SwiGLU's arithmetic, residual, head, and the results of all GEMMs. */
  readonly activations: 'bf16' | 'fp32';
  /** Every linear layer of the blocks, unless `overrides` names it. */
  readonly linear: LinearRecipe;
  readonly overrides: Readonly<Partial<Record<LinearName, LinearRecipe>>>;
  /** Smooth-SwiGLU of every block, unless `smoothLayers` names it. */
  readonly smoothSwiglu: Smoothing;
  /** Blocks, by their numbers from 0, that are smoothed otherwise: `{ "2": "channel" }`. */
  readonly smoothLayers?: Readonly<Record<string, Smoothing>>;
  readonly optimizer: OptimizerRecipe;
}
