/** @file The training step that is compared, written down so that another program can start from the same numbers. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type StepCase, stepBatch, stepPlan } from '@octavo/bench';
import { elements } from '@octavo/kernels';
import { initialValues, type LlamaConfig, llamaConfigOf, parameterSpecs } from '@octavo/llama';

export const stepCase: StepCase = {
  name: 'stories15m',
  model: llamaConfigOf('stories15m'),
  batch: 8,
  sequence: 256,
};

/** Of the weights. */
export const { seed } = stepPlan(stepCase, 'fp32');

/** Writes `model.json`, `weights.f32` and `tokens.i32` (tokens, then targets) into a folder. */
export function writeStep(folder: string, one: StepCase = stepCase): void {
  const { model, batch, sequence } = one;
  const plan = stepPlan(one, 'fp32');
  const specs = parameterSpecs(model);
  const values = specs.map((spec, i) => Buffer.from(initialValues(spec, i, seed).buffer));
  const { tokens, targets } = stepBatch(one);
  const { adam, clip, schedule } = plan;
  const shapes = specs.map(({ name, shape }) => ({ name, shape }));
  const about = { ...model, batch, sequence, adam, clip, learningRate: schedule.peak, parameters: shapes };
  writeFileSync(join(folder, 'model.json'), JSON.stringify(about));
  writeFileSync(join(folder, 'weights.f32'), Buffer.concat(values));
  writeFileSync(join(folder, 'tokens.i32'), Int32Array.from([...Array.from(tokens), ...Array.from(targets)]));
}

/** The model and its weights, from such a folder. */
export function readWeights(folder: string): {
  readonly config: LlamaConfig;
  readonly values: ReadonlyMap<string, Float32Array>;
} {
  const config = JSON.parse(readFileSync(join(folder, 'model.json'), 'utf8')) as LlamaConfig;
  const { buffer, byteOffset } = readFileSync(join(folder, 'weights.f32'));
  let at = byteOffset;
  const values = parameterSpecs(config).map(({ name, shape }) => {
    const value = new Float32Array(buffer, at, elements(shape));
    at += value.byteLength;
    return [name, value] as const;
  });
  return { config, values: new Map(values) };
}
