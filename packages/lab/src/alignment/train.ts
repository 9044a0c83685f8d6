/** @file One run of natural training, nothing planted, and what its gate and up vectors did meanwhile. */
import { FP32 } from '@octavo/formats';
import { amax, createScope, matrixShape, type Tensor } from '@octavo/kernels';
import { apply } from '@octavo/nn';
import type { Training } from '@octavo/trainer';
import { plainBatch } from '../training/batches.ts';
import { trainLoop, withTraining } from '../training/loop.ts';
import type { Laboratory } from '../training/plan.ts';
import { untrained } from '../training/snapshot.ts';
import { nudgeAll, startingWeights } from '../training/weights.ts';
import {
  type Frame,
  type LayerAlignment,
  measureChannels,
  summariseChannels,
  type Trace,
  traceOf,
} from './channels.ts';
import { type AlignmentSettings, type NaturalPlan, trainPlanOf } from './settings.ts';

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
  { settings, device, bytes, signal }: Laboratory<AlignmentSettings>,
  plan: NaturalPlan,
  onShare: (share: number) => void,
): Promise<NaturalRun> {
  const { model, steps, sampleEvery } = settings;
  const plain = startingWeights(settings, plan.seed);
  const start = untrained(plan.arm === 'bf16-nudged' ? nudgeAll(plain, plan.seed) : plain);
  const peaks: number[][] = Array.from({ length: model.layers }, () => []);
  const since = peaks.map(() => new Float32Array(model.ffnSize));
  const frames: Frame[] = [];
  const { losses } = await withTraining(device, trainPlanOf(settings, plan), start, async (training) => {
    frames.push(await look(training, since));
    const outputs = watchOutputs(training);
    try {
      return await trainLoop(training, {
        batch: (step) => plainBatch(bytes, settings, plan.seed, step),
        signal,
        onShare,
        async onStep({ step }) {
          for (const [layer, channels] of (await outputs.read()).entries()) {
            peaks[layer]!.push(channels.reduce((a, b) => Math.max(a, b), 0));
            const most = since[layer]!;
            for (let j = 0; j < most.length; j++) most[j] = Math.max(most[j]!, channels[j]!);
          }
          if (step % sampleEvery !== 0 && step !== steps) return;
          frames.push(await look(training, since));
          for (const most of since) most.fill(0);
        },
      });
    } finally {
      outputs.release();
    }
  });
  const samples = frames.flatMap(({ step, layers }) =>
    layers.map(({ channels }, layer): Sample => ({ step, layer, ...summariseChannels(channels) })),
  );
  const traces = peaks.flatMap((_, layer) => [
    traceOf(frames, layer, model.hiddenSize, 'outlier'),
    traceOf(frames, layer, model.hiddenSize, 'aligned'),
  ]);
  return { losses, peaks, samples, traces };
}

/** The largest |SwiGLU output| of every channel in the step that was made last, by layer. */
function watchOutputs({ device, model, plan }: Training) {
  const scope = createScope(device);
  const maxima = new Map<number, Tensor>();
  const clear = (): void => {
    maxima.clear();
    scope.release();
  };
  model.precision.onOperand = ({ layer, name, operand }, value) => {
    if (name !== 'down' || operand !== 'input' || maxima.has(layer)) return;
    const [blockRows] = matrixShape(value.shape);
    maxima.set(layer, apply({ device, scope }, amax, { blockRows, blockColumns: 1 }, [value], FP32));
  };
  return {
    async read(): Promise<Float32Array[]> {
      const own: Float32Array[] = [];
      for (let layer = 0; layer < plan.model.layers; layer++) own.push(await device.read(maxima.get(layer)!));
      clear();
      return own;
    },
    release(): void {
      model.precision.onOperand = null;
      clear();
    },
  };
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
