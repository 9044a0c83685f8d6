/** @file The numbers of the study of the guard, as plain data. */
import { type AgeingSettings, ageing } from '../training/plan.ts';

/** The instability study's model, ageing and timing of spikes, and what is watched. */
export interface WatchSettings extends AgeingSettings {
  /** Recipes that fail from the aged checkpoint: when does the guard speak, and what does switching do? */
  readonly failing: readonly string[];
  /** Recipes that go on from the base that was not aged: whatever is said there is a false alarm. */
  readonly healthy: readonly string[];
  readonly healthySteps: number;
  /** The learning rate that they go on with: the base's last. */
  readonly healthyRate: number;
  /** Steps of `fp8` from scratch, as the base is trained. */
  readonly scratchSteps: number;
  /** The same at twice the rate with decay 1, which aligns channels; of the first seed only. */
  readonly alignedSteps: number;
  /** The paired gaps from which on the loss has moved, and is broken; nats per byte. */
  readonly moved: number;
  readonly broken: number;
}

export const fullWatch: WatchSettings = {
  ...ageing,
  baseSteps: 400,
  steps: 72,
  failing: ['fp8', 'fp8-240'],
  healthy: ['fp8', 'fp8-smooth', 'fp8-full'],
  healthySteps: 80,
  healthyRate: 3e-4,
  scratchSteps: 160,
  alignedSteps: 400,
  moved: 0.05,
  broken: 0.25,
};

/** One failing recipe, two spikes, half the base training, two healthy runs. */
export const quickWatch: WatchSettings = {
  ...fullWatch,
  baseSteps: 200,
  steps: 48,
  failing: ['fp8'],
  healthy: ['fp8'],
  scratchSteps: 80,
  alignedSteps: 0,
};
