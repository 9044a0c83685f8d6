/** @file The plan of this machine beside what its steps take. */
import { type BenchRow, type BenchTable, type StepCase, stepBatch, stepPlan } from '@octavo/bench';
import type { Device } from '@octavo/kernels';
import { llamaConfigOf } from '@octavo/llama';
import { recipeOf } from '@octavo/nn';
import { createTraining, type TrainPlan, trainStep } from '@octavo/trainer';
import { planStep } from '../plan-step.ts';
import { traceStep } from '../trace.ts';
import { calibrate, type Now, type Probe, processorTime, wallTime } from './calibrate.ts';
import { hostHardware } from './hardware.ts';

/** Steps that are measured: the quickest counts. */
const STEPS = 5;

/** Small models, and the batch of each that a machine of two cores steps through in seconds. */
export const CHECKED: readonly StepCase[] = [
  { name: 'nano', model: llamaConfigOf('nano'), batch: 16, sequence: 128 },
  { name: 'stories15m', model: llamaConfigOf('stories15m'), batch: 8, sequence: 256 },
  { name: 'stories110m', model: llamaConfigOf('stories110m'), batch: 1, sequence: 256 },
];

export interface CheckOptions {
  readonly create: () => Promise<Device>;
  readonly threads: number;
  readonly recipes: readonly string[];
  readonly models?: readonly StepCase[];
  readonly probes?: readonly Probe[];
  readonly onNext?: (what: string) => void;
}

/** Seconds on one thread are those of the processor, so that other work does not disturb them. */
export const clockFor = (threads: number): Now => (threads === 1 ? processorTime : wallTime);

/** Each model under each recipe: planned from a calibration, then measured on a device of its own. */
export async function hostCheck(options: CheckOptions): Promise<BenchTable> {
  const { create, threads, recipes, models = CHECKED, probes, onNext = () => {} } = options;
  const now = clockFor(threads);
  const rows: BenchRow[] = [];
  for (const recipe of recipes) {
    onNext(`operations of ${recipe}`);
    const calibration = await onOwn(create, (device) => calibrate(device, recipeOf(recipe), now, probes));
    const hardware = hostHardware(calibration);
    for (const one of models) {
      const name = `${one.name} ${recipe}`;
      onNext(name);
      const plan = stepPlan(one, recipe);
      const trace = await traceStep(plan);
      const layout = { devices: 1, zero: 0, tensor: 1, pipeline: 1 } as const;
      const how = { layout, hardware, exchange: 'fp32', overlap: true, clock: calibration.clock } as const;
      const { seconds, memory } = planStep(trace, how);
      const planned = seconds + trace.code;
      const measured = await onOwn(create, (device) => measureStep(device, one, plan, now));
      rows.push({
        name,
        values: {
          planned_ms: planned * 1e3,
          measured_ms: measured.seconds * 1e3,
          time_ratio: planned / measured.seconds,
          planned_megabytes: memory.total / 1e6,
          measured_megabytes: measured.memory / 1e6,
          memory_ratio: memory.total / measured.memory,
        },
      });
    }
  }
  return {
    id: 'plan check',
    title: 'The plan of this machine beside its steps',
    note: `${threads === 1 ? 'one thread, time of the processor' : `${threads} threads`}; ${models.map(({ name, batch, sequence }) => `${name} ${batch} × ${sequence}`).join(', ')} tokens. Planned: every operation of a step at the speed that its kind has alone, at the sizes of three small blocks; and the step's own code. Measured: the quickest of ${STEPS} steps after a first. Memory: what the device holds at the most.`,
    columns: [
      { key: 'planned_ms', label: 'ms, planned', digits: 1 },
      { key: 'measured_ms', label: 'measured', digits: 1 },
      { key: 'time_ratio', label: 'ratio', digits: 2 },
      { key: 'planned_megabytes', label: 'MB, planned', digits: 1 },
      { key: 'measured_megabytes', label: 'measured', digits: 1 },
      { key: 'memory_ratio', label: 'ratio', digits: 3 },
    ],
    rows,
  };
}

async function onOwn<T>(create: () => Promise<Device>, use: (device: Device) => Promise<T>): Promise<T> {
  const device = await create();
  try {
    return await use(device);
  } finally {
    await device.destroy();
  }
}

async function measureStep(device: Device, one: StepCase, plan: TrainPlan, now: Now) {
  const training = createTraining(device, plan);
  const batch = stepBatch(one);
  await trainStep(training, [batch]); // the first step allocates
  let seconds = Number.POSITIVE_INFINITY;
  for (let i = 0; i < STEPS; i++) {
    const start = now();
    await trainStep(training, [batch]);
    seconds = Math.min(seconds, now() - start);
  }
  return { seconds, memory: device.memory().peak };
}
