/** @file The numbers of the formats study, as plain data. */
import { ageing, type BaseSettings } from '../training/plan.ts';

export interface FormatsSettings extends BaseSettings {
  /** Batches that a delayed scale remembers. */
  readonly history: number;
  /** Rows of activations and gradients that are looked at: a batch's first tokens. */
  readonly tokens: number;
  /** The scale of the fixed policy. */
  readonly fixedScale: number;
}

const { model, batch, sequence, peak, rescale, activations } = ageing;

export const fullFormats: FormatsSettings = {
  ...{ model, batch, sequence, baseSteps: 800, peak, rescale, activations },
  history: 16,
  tokens: 1024,
  fixedScale: 1,
};

/** A base of half the steps, half the tokens. */
export const quickFormats: FormatsSettings = { ...fullFormats, baseSteps: 400, tokens: 512 };
