/** @file The training step that is compared, written down so that another program can start from the same numbers. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type StepCase, stepBatch, stepPlan } from '@octavo/bench';
import { initialValues, llamaConfigOf, parameterSpecs } from '@octavo/llama';

export const stepCase: StepCase = {
  name: 'stories15m',
  model: llamaConfigOf('stories15m'),
  batch: 8,
  sequence: 256,
};

/** Writes `model.json`, `weights.f32` and `tokens.i32` (tokens, then targets) into a folder. */
export function writeStep(folder: string, one: StepCase = stepCase): void {
  const { model, batch, sequence } = one;
  const plan = stepPlan(one, 'fp32');
  const specs = parameterSpecs(model);
  const values = specs.map((spec, i) => Buffer.from(initialValues(spec, i, plan.seed).buffer));
  const { tokens, targets } = stepBatch(one);
  const { adam, clip, schedule } = plan;
  const shapes = specs.map(({ name, shape }) => ({ name, shape }));
  const about = { ...model, batch, sequence, adam, clip, learningRate: schedule.peak, parameters: shapes };
  writeFileSync(join(folder, 'model.json'), JSON.stringify(about));
  writeFileSync(join(folder, 'weights.f32'), Buffer.concat(values));
  writeFileSync(join(folder, 'tokens.i32'), Int32Array.from([...Array.from(tokens), ...Array.from(targets)]));
}
