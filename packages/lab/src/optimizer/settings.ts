/** @file The numbers of the optimizer study, as plain data. */
import { type AgeingSettings, ageing } from '../training/plan.ts';
import { BASELINE, NUDGED, PAPER_PAIR, pairs } from './arms.ts';

/** The instability study's model, ageing and timing of spikes, and the optimizers. */
export interface OptimizerSettings extends AgeingSettings {
  /** Steps from scratch: 3e-3 after 50 of warm-up, a cosine to a tenth, clipped at 1. */
  readonly scratchSteps: number;
  /** Steps between samples of the second moments. */
  readonly sampleEvery: number;
  /** Names of `optimizerOf`; `fp32` must be among them. */
  readonly scratch: readonly string[];
  /** From the aged checkpoint, without clipping; and from its control, rescaled alike but with nothing planted. */
  readonly aged: readonly string[];
  readonly rescaled: readonly string[];
  /** From the base as it was trained, at `slowRate`, where updates are small beside the weights: what master weights lose. */
  readonly slow: readonly string[];
  readonly slowSteps: number;
  readonly slowRate: number;
  /** Batches of held-out text that every run is measured on at its end. */
  readonly heldOutBatches: number;
}

const bounded = [`${PAPER_PAIR}-bounded`, 'e4m3-e4m3-bounded'];
const fp16 = `${PAPER_PAIR}-fp16`;
const masters = [PAPER_PAIR, fp16, `${PAPER_PAIR}-fp16stochastic`];
const stochastic = `${PAPER_PAIR}-stochastic`;
const powers = `${PAPER_PAIR}-powers`;
const failing = 'e4m3-e4m3-early';
const early = [`${PAPER_PAIR}-early`, failing];

export const fullOptimizer: OptimizerSettings = {
  ...ageing,
  baseSteps: 300,
  steps: 72,
  scratchSteps: 240,
  sampleEvery: 10,
  scratch: [
    ...[BASELINE, NUDGED, ...pairs, ...bounded, ...pairs.map((pair) => `${pair}-fp16`)],
    ...[`${PAPER_PAIR}-fp16stochastic`, stochastic, powers, failing],
  ],
  aged: [BASELINE, ...pairs, fp16, stochastic, ...early],
  rescaled: [BASELINE, failing],
  slow: [BASELINE, ...masters],
  slowSteps: 240,
  slowRate: 3e-5, // where Llama2 7B ends
  heldOutBatches: 16,
};

/** The four pairs and one of each variant, half the steps. */
export const quickOptimizer: OptimizerSettings = {
  ...fullOptimizer,
  baseSteps: 150,
  steps: 48,
  scratchSteps: 120,
  slowSteps: 120,
  scratch: [BASELINE, ...pairs, ...bounded, fp16, stochastic, powers, failing],
  aged: [BASELINE, ...pairs, ...early],
};
