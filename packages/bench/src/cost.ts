/** @file What a step costs as model, batch or sequence grow: its time by what it is spent on, and its peak memory. */
import { OctavoError } from '@octavo/formats';
import type { Device } from '@octavo/kernels';
import { checkMemory, createTraining, type TrainPlan, trainStep, workOf } from '@octavo/trainer';
import { createProfile, type Profile, profiled } from './profile.ts';
import { type StepCase, stepBatch } from './step-case.ts';
import { median, timed } from './timing.ts';

/** What a step is spent on, by the operators' names; the first that fits counts. */
export const parts = {
  products: /^gemm/,
  attention: /^(attention|rope)/,
  loss: /^crossEntropy/,
  optimizer: /^(adamw|sumSquares|countLost)/,
  casts: /^(quantize|cast|amax|dequantize|scaleFromAmax)/,
  rest: /^/,
} as const;
export type Part = keyof typeof parts;

export interface CostMeasure {
  /** Milliseconds of a step, and those of its parts. */
  readonly step: number;
  readonly parts: Readonly<Record<Part, number>>;
  /** Bytes. */
  readonly peakMemory: number;
}

/** Milliseconds a step by part; what operators do not account for is of the rest. */
function partsOf({ operators }: Profile, rounds: number, step: number): Record<Part, number> {
  const sums = { products: 0, attention: 0, loss: 0, optimizer: 0, casts: 0, rest: 0 };
  for (const [name, ms] of operators) {
    const part = (Object.keys(parts) as Part[]).find((key) => parts[key].test(name))!;
    sums[part] += ms / rounds;
  }
  const known = Object.values(sums).reduce((a, b) => a + b, 0);
  return { ...sums, rest: sums.rest + Math.max(0, step - known) };
}

/** A step of one case by a plan, on a device of its own; null where the device has not the memory. */
export async function measureCost(
  create: () => Promise<Device>,
  one: StepCase,
  plan: TrainPlan,
  rounds: number,
): Promise<CostMeasure | null> {
  const device = await create();
  try {
    checkMemory(workOf('train', plan), { what: one.name, device: 'simd', force: false, warn: () => {} });
    const profile = createProfile();
    const training = createTraining(profiled(device, profile), plan);
    const batch = stepBatch(one);
    await trainStep(training, [batch]); // the first step allocates
    profile.recording = true;
    const times: number[] = [];
    for (let i = 0; i < rounds; i++)
      times.push(await timed(async () => void (await trainStep(training, [batch])), 1));
    const mean = times.reduce((a, b) => a + b, 0) / rounds;
    return { step: median(times), parts: partsOf(profile, rounds, mean), peakMemory: device.memory().peak };
  } catch (error) {
    if (OctavoError.is(error)) return null;
    throw error;
  } finally {
    await device.destroy();
  }
}
