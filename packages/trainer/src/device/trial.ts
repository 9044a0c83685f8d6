/** @file How fast a device does a short sample of a run's own work. */
import type { Device } from '@octavo/kernels';
import {
  type CacheFormat,
  countParameters,
  createCache,
  destroyCache,
  type LlamaConfig,
  nextLogits,
} from '@octavo/llama';
import type { Recipe, Recompute } from '@octavo/nn';
import { batchLoss } from '../evaluate.ts';
import { measuringBatch, measuringPlan } from '../measured-step.ts';
import { trainStep } from '../step.ts';
import { createTraining, type Training } from '../training.ts';
import type { TokenBatch } from '../transfer.ts';

/** What a device is chosen for: the shape of one micro-batch, and what is done with it. Plain data. */
export interface Workload {
  readonly kind: 'train' | 'evaluate' | 'generate';
  readonly model: LlamaConfig;
  readonly recipe: Recipe;
  readonly batch: number;
  readonly sequence: number;
  /** Of kept keys and values; by default that of the activations. */
  readonly kvCache?: CacheFormat | undefined;
  readonly recompute?: Recompute | undefined;
  /** Micro-batches a step, where there is more than one. */
  readonly accumulation?: number | undefined;
}

export interface Trial {
  readonly tokensPerSecond: number;
  /** Layers that the tried model had: of a deep model a few are enough, since its layers are alike. */
  readonly layers: number;
  /** Of the first step, nats per token: two devices that compute the same agree about it. */
  readonly loss: number;
}

/** Most operations of a step and most parameters of a trial; a larger model is tried with fewer layers. */
const WORTH = { operations: 3e11, parameters: 3e7 };
/** Milliseconds and steps of the timed part. */
const MOMENT = 500;
const FEWEST = 2;
/** Tokens of a step of generation. */
const GENERATED = 8;

/** Runs a step that allocates and compiles, then as many as fit into half a second; frees nothing: destroy the device. */
export async function tryDevice(device: Device, whole: Workload): Promise<Trial> {
  const work = fewerLayers(whole);
  const training = createTraining(device, measuringPlan({ ...shapeOf(work), steps: 1 }));
  const step = stepOf(training, work);
  const { loss } = await step();
  await settled(training);
  const began = performance.now();
  let [steps, tokens] = [0, 0];
  while (steps < FEWEST || performance.now() - began < MOMENT) {
    tokens += (await step()).tokens;
    steps++;
  }
  await settled(training);
  const seconds = (performance.now() - began) / 1000;
  return { tokensPerSecond: tokens / seconds, layers: work.model.layers, loss };
}

/** The work on a model of fewer layers, where a step of all would take long. */
export function fewerLayers(work: Workload): Workload {
  const parameters = (layers: number): number => countParameters({ ...work.model, layers });
  // Forward and backward: 6 operations a parameter and token (Kaplan et al., arXiv 2001.08361).
  const most = Math.min(WORTH.parameters, WORTH.operations / (6 * work.batch * work.sequence));
  const affordable = Math.floor((most - parameters(0)) / (parameters(1) - parameters(0)));
  const layers = Math.max(1, Math.min(work.model.layers, affordable));
  if (layers === work.model.layers) return work;
  const { smoothLayers, ...recipe } = work.recipe;
  const there = Object.entries(smoothLayers ?? {}).filter(([layer]) => Number(layer) < layers);
  return {
    ...work,
    model: { ...work.model, layers },
    recipe: { ...recipe, ...(there.length > 0 && { smoothLayers: Object.fromEntries(there) }) },
  };
}

const shapeOf = ({ model, recipe, batch, sequence }: Workload) => ({ model, recipe, batch, sequence });

type Step = () => Promise<{ readonly loss: number; readonly tokens: number }>;

function stepOf(training: Training, { kind, model, batch, sequence, kvCache }: Workload): Step {
  const tokens = batch * sequence;
  const text = measuringBatch(tokens, model.vocabularySize);
  switch (kind) {
    case 'train':
      return async () => ({ loss: (await trainStep(training, [text])).loss, tokens });
    case 'evaluate':
      return async () => ({ loss: (await batchLoss(training.model, text, sequence)).loss, tokens });
    case 'generate':
      return () => generated(training, text, kvCache);
  }
}

/** The same few tokens again and again, one at a time; the loss is that of the last. */
async function generated(
  { model }: Training,
  { tokens, targets }: TokenBatch,
  kvCache: CacheFormat | undefined,
): ReturnType<Step> {
  const cache = createCache(model, kvCache);
  const count = Math.min(GENERATED, tokens.length, model.config.contextLength);
  let loss = 0;
  for (let i = 0; i < count; i++) {
    const logits = await nextLogits(model, cache, tokens[i]!);
    const largest = logits.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
    const sum = logits.reduce((a, b) => a + Math.exp(b - largest), 0);
    loss = Math.log(sum) + largest - logits[targets[i]!]!;
  }
  destroyCache(model, cache);
  return { loss, tokens: count };
}

/** Waits until the device has done all that was asked of it. */
async function settled({ device, model }: Training): Promise<void> {
  await device.read(model.norm.value);
}
