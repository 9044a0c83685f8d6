/** @file The numbers of the formats study, as plain data. */
import { fullStudy, type InstabilitySettings } from '../instability/settings.ts';

export interface FormatsSettings
  extends Pick<
    InstabilitySettings,
    'model' | 'batch' | 'sequence' | 'baseSteps' | 'peak' | 'rescale' | 'activations'
  > {
  /** Batches that a delayed scale remembers. */
  readonly history: number;
  /** Rows of activations and gradients that are looked at: a batch's first tokens. */
  readonly tokens: number;
  /** The scale of the fixed policy. */
  readonly fixedScale: number;
}

const { model, batch, sequence, baseSteps, peak, rescale, activations } = fullStudy;

export const fullFormats: FormatsSettings = {
  model,
  batch,
  sequence,
  baseSteps,
  peak,
  rescale,
  activations,
  history: 16,
  tokens: 1024,
  fixedScale: 1,
};

/** A base of half the steps, half the tokens. */
export const quickFormats: FormatsSettings = { ...fullFormats, baseSteps: 400, tokens: 512 };

/** As the instability study's base training and ageing take them. */
export const baseSettings = (settings: FormatsSettings): InstabilitySettings => ({
  ...fullStudy,
  ...settings,
});
