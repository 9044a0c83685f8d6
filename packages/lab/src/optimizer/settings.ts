/** @file The numbers of the optimizer study, as plain data. */
import { fullStudy, type InstabilitySettings } from '../instability/settings.ts';
import { BASELINE, NUDGED, PAPER_PAIR, pairs } from './arms.ts';

/** The instability study's model, ageing and timing of spikes, and the optimizers. */
export interface OptimizerSettings
  extends Pick<
    InstabilitySettings,
    | 'model'
    | 'batch'
    | 'sequence'
    | 'baseSteps'
    | 'steps'
    | 'spikeEvery'
    | 'learningRate'
    | 'peak'
    | 'rescale'
    | 'activations'
  > {
  /** Steps from scratch: 3e-3 after 50 of warm-up, a cosine to a tenth, clipped at 1. */
  readonly scratchSteps: number;
  /** Steps between samples of the second moments. */
  readonly sampleEvery: number;
  /** Names of `optimizerOf`; `fp32` must be among them. */
  readonly scratch: readonly string[];
  /** From the aged checkpoint, without clipping. */
  readonly aged: readonly string[];
}

const { model, batch, sequence, steps, spikeEvery, learningRate, peak, rescale, activations } = fullStudy;
const others = [`${PAPER_PAIR}-fp16`, `${PAPER_PAIR}-stochastic`, `${PAPER_PAIR}-powers`];

export const fullOptimizer: OptimizerSettings = {
  ...{ model, batch, sequence, steps, spikeEvery, learningRate, peak, rescale, activations },
  baseSteps: 400,
  scratchSteps: 300,
  sampleEvery: 10,
  scratch: [
    BASELINE,
    NUDGED,
    ...pairs,
    ...pairs.map((pair) => `${pair}-fp16`),
    `${PAPER_PAIR}-stochastic`,
    'e4m3-e4m3-stochastic',
    `${PAPER_PAIR}-powers`,
  ],
  aged: [BASELINE, ...pairs, ...others],
};

/** The four pairs and one of each variant, half the steps, half the base training. */
export const quickOptimizer: OptimizerSettings = {
  ...fullOptimizer,
  baseSteps: 200,
  steps: 48,
  scratchSteps: 150,
  scratch: [BASELINE, ...pairs, ...others],
  aged: [BASELINE, ...pairs, `${PAPER_PAIR}-fp16`],
};
