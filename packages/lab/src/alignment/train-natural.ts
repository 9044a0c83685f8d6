/** @file One run of natural training, nothing planted, and what its gate and up vectors did meanwhile. */
import { setImmediate } from 'node:timers/promises';
import { FP32 } from '@octavo/formats';
import { amax, createScope, type Device, matrixShape, type Tensor } from '@octavo/kernels';
import { apply } from '@octavo/nn';
import { type Training, trainStep } from '@octavo/trainer';
import { startingWeights } from '../training/base.ts';
import { plainBatch } from '../training/batches.ts';
import { nudge } from '../training/nudge.ts';
import { destroyTraining, trainingFrom, untrained } from '../training/snapshot.ts';
import { type LayerAlignment, measureChannels, summariseChannels } from './channels.ts';
import { type AlignmentSettings, type NaturalPlan, trainPlanOf } from './settings.ts';
import { type Frame, type Trace, traceOf } from './trace.ts';

export interface Laboratory {
  readonly settings: AlignmentSettings;
  readonly device: Device;
  readonly bytes: Uint8Array;
  readonly signal?: AbortSignal | undefined;
}

/** A layer at a step; step 0 is the start. */
export interface Sample extends LayerAlignment {
  readonly step: number;
  readonly layer: number;
}

export interface NaturalRun {
  /** Null where a loss was not finite. */
  readonly losses: readonly (number | null)[];
  /** Largest |SwiGLU output| by layer and step. */
  readonly peaks: readonly (readonly number[])[];
  readonly samples: readonly Sample[];
  readonly traces: readonly Trace[];
}

export async function trainNatural(
  { settings, device, bytes, signal }: Laboratory,
  plan: NaturalPlan,
  onStep: (step: number) => void,
): Promise<NaturalRun> {
  const { model, steps, sampleEvery } = settings;
  const weights = startingWeights(settings, plan.seed);
  if (plan.arm === 'bf16-nudged')
    for (const [i, [name, values]] of [...weights].entries())
      weights.set(name, nudge(values, plan.seed * 64 + i));
  const training = trainingFrom(device, trainPlanOf(settings, plan), untrained(weights));
  const losses: number[] = [];
  const peaks: number[][] = Array.from({ length: model.layers }, () => []);
  const since = Array.from({ length: model.layers }, () => new Float32Array(model.ffnSize));
  const frames: Frame[] = [await look(training, since)];
  try {
    while (training.step < steps) {
      signal?.throwIfAborted();
      const { loss, own } = await stepWithPeaks(training, settings, bytes);
      losses.push(loss);
      for (const [layer, channels] of own.entries()) {
        peaks[layer]!.push(channels.reduce((a, b) => Math.max(a, b), 0));
        const most = since[layer]!;
        for (let j = 0; j < most.length; j++) most[j] = Math.max(most[j]!, channels[j]!);
      }
      if (training.step % sampleEvery === 0 || training.step === steps) {
        frames.push(await look(training, since));
        for (const most of since) most.fill(0);
      }
      onStep(training.step);
      await setImmediate();
    }
  } finally {
    destroyTraining(training);
  }
  const samples = frames.flatMap(({ step, layers }) =>
    layers.map(({ channels }, layer): Sample => ({ step, layer, ...summariseChannels(channels) })),
  );
  const traces = peaks.flatMap((_, layer) => [
    traceOf(frames, layer, model.hiddenSize, 'outlier'),
    traceOf(frames, layer, model.hiddenSize, 'aligned'),
  ]);
  return { losses, peaks, samples, traces };
}

/** A step, and the largest |SwiGLU output| of every channel in it, by layer. */
async function stepWithPeaks(
  training: Training,
  settings: AlignmentSettings,
  bytes: Uint8Array,
): Promise<{ loss: number; own: Float32Array[] }> {
  const { device, model, plan } = training;
  const scope = createScope(device);
  const maxima = new Map<number, Tensor>();
  model.precision.onOperand = ({ layer, name, operand }, value) => {
    if (name !== 'down' || operand !== 'input' || maxima.has(layer)) return;
    const [blockRows] = matrixShape(value.shape);
    maxima.set(layer, apply({ device, scope }, amax, { blockRows, blockColumns: 1 }, [value], FP32));
  };
  try {
    const { loss } = await trainStep(training, [plainBatch(bytes, settings, plan.seed, training.step)]);
    const own: Float32Array[] = [];
    for (let layer = 0; layer < plan.model.layers; layer++) own.push(await device.read(maxima.get(layer)!));
    return { loss, own };
  } finally {
    model.precision.onOperand = null;
    scope.release();
  }
}

async function look({ device, model, step }: Training, since: readonly Float32Array[]): Promise<Frame> {
  const layers: Frame['layers'][number][] = [];
  for (const [layer, { gateUp }] of model.blocks.entries()) {
    const values = await device.read(gateUp.weight.value);
    const channels = measureChannels(values, model.config.hiddenSize);
    layers.push({ gateUp: values, channels, peaks: since[layer]!.slice() });
  }
  return { step, layers };
}
