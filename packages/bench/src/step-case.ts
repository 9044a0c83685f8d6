/** @file The step that is measured: its model and shape, and the plan and tokens that are the same every time. */
import type { LlamaConfig } from '@octavo/llama';
import { recipeOf } from '@octavo/nn';
import { measuringBatch, measuringPlan, type TokenBatch, type TrainPlan } from '@octavo/trainer';

export interface StepCase {
  readonly name: string;
  readonly model: LlamaConfig;
  readonly batch: number;
  readonly sequence: number;
}

export const stepBatch = ({ batch, sequence, model }: StepCase): TokenBatch =>
  measuringBatch(batch * sequence, model.vocabularySize);

export const stepPlan = ({ model, batch, sequence }: StepCase, recipe: string): TrainPlan =>
  measuringPlan({ model, recipe: recipeOf(recipe), batch, sequence, steps: 1000 });
