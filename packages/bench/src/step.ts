/** @file The whole training step: tokens per second by recipe, memory, and where the time goes. */
import { createScope, type Device, elements } from '@octavo/kernels';
import { countParameters } from '@octavo/llama';
import { createAdamState, tensorsOf } from '@octavo/optim';
import { createTraining, type Training, tensorRows, trainStep } from '@octavo/trainer';
import { F32, gigaflops, prepareGemm, square } from './gemm.ts';
import {
  createProfile,
  gemmFlops,
  gemmMilliseconds,
  type Profile,
  profiled,
  replayProducts,
} from './profile.ts';
import { type StepCase, stepBatch, stepPlan } from './step-case.ts';
import { median, timed } from './timing.ts';

/** What was measured of one model under one recipe; times in milliseconds. */
export interface StepMeasure {
  readonly recipe: string;
  readonly step: number;
  /** A step that samples statistics, the rows for their file included. */
  readonly sampledStep: number;
  /** By operator, a step. */
  readonly operators: ReadonlyMap<string, number>;
  /** Matrix products: a step's, the same by themselves, and GFLOP/s in the step. */
  readonly gemm: number;
  readonly gemmAlone: number;
  readonly gemmSpeed: number;
  /** GFLOP/s of a float32 product of 1024³ on the same device. */
  readonly peakSpeed: number;
  /** Bytes. */
  readonly peakMemory: number;
  readonly stateBytesPerParameter: number;
}

interface Subject {
  readonly training: Training;
  readonly profile: Profile;
  readonly plain: number[];
  readonly sampled: number[];
}

/** Steps of a model under every recipe, taking turns, each on a device of its own. */
export async function measureSteps(
  create: () => Promise<Device>,
  one: StepCase,
  recipes: readonly string[],
  rounds: number,
): Promise<StepMeasure[]> {
  const subjects: Subject[] = [];
  for (const recipe of recipes) {
    const profile = createProfile();
    const training = createTraining(profiled(await create(), profile), stepPlan(one, recipe));
    const subject = { training, profile, plain: [], sampled: [] };
    await timeStep(subject, one, false); // the first step allocates
    subjects.push(subject);
  }
  for (let round = 0; round < rounds; round++) {
    for (const subject of subjects) {
      subject.profile.recording = true;
      subject.plain.push(await timeStep(subject, one, false));
      subject.profile.recording = false;
      subject.sampled.push(await timeStep(subject, one, true));
    }
  }
  const measures: StepMeasure[] = [];
  for (const subject of subjects) measures.push(await summarise(subject, one, rounds));
  for (const { training } of subjects) await training.device.destroy();
  return measures;
}

async function summarise(
  { training, profile, plain, sampled }: Subject,
  { model }: StepCase,
  rounds: number,
): Promise<StepMeasure> {
  const { device, plan } = training;
  const peakMemory = device.memory().peak;
  const inGemm = gemmMilliseconds(profile);
  const operators = new Map([...profile.operators].map(([name, ms]) => [name, ms / rounds]));
  const inDevice = [...operators.values()].reduce((a, b) => a + b, 0);
  const mean = plain.reduce((a, b) => a + b, 0) / rounds;
  operators.set('outside the device', Math.max(0, mean - inDevice));
  return {
    recipe: plan.recipe.name,
    step: median(plain),
    sampledStep: median(sampled),
    operators,
    gemm: inGemm / rounds,
    gemmAlone: (await replayProducts(device, profile, Math.min(3, rounds))) / rounds,
    gemmSpeed: gemmFlops(profile) / inGemm / 1e6,
    peakSpeed: await squareSpeed(device, rounds),
    peakMemory,
    stateBytesPerParameter: stateBytes(training) / countParameters(model),
  };
}

/** Milliseconds of a step. */
function timeStep({ training }: Subject, one: StepCase, sample: boolean): Promise<number> {
  // A copy, so that the plan may differ; what the step counts is of no interest here.
  const copy = { ...training, plan: { ...training.plan, sampleEvery: sample ? 1 : 0 } };
  const batch = stepBatch(one);
  return timed(async () => {
    tensorRows(training, await trainStep(copy, [batch]));
  }, 1);
}

/** Bytes that the optimizer's state takes on the device: those of a second one, allocated and freed. */
function stateBytes({ device, optimizer }: Training): number {
  const before = device.memory().live;
  const states = optimizer.map(({ formats, state }) => {
    const { shape } = state.master;
    return createAdamState(device, formats, shape, new Float32Array(elements(shape)));
  });
  const bytes = device.memory().live - before;
  for (const state of states) for (const tensor of tensorsOf(state)) device.free(tensor);
  return bytes;
}

async function squareSpeed(device: Device, rounds: number): Promise<number> {
  const scope = createScope(device);
  const run = prepareGemm(device, scope, square(1024), F32);
  const times: number[] = [];
  for (let i = 0; i < rounds + 2; i++) times.push(await timed(run, 1));
  scope.release();
  return gigaflops(square(1024), median(times.slice(1)));
}
