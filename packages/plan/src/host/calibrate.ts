/**
 * @file How fast this machine does each kind of operation: each alone, at the sizes of two small blocks that are no model's.
 * Nothing is fitted to a step.
 */
import { FP32, round } from '@octavo/formats';
import { createScope, type Device, elements, type Scope, type Tensor } from '@octavo/kernels';
import type { LlamaConfig } from '@octavo/llama';
import type { Recipe } from '@octavo/nn';
import { measuringPlan } from '@octavo/trainer';
import { bytesOf } from '../hollow-device.ts';
import type { Clock } from '../roofline.ts';
import { type Operation, traceStep } from '../trace.ts';
import { type LinearLaw, linearLaw, type Point } from './linear-law.ts';

/** Seconds that have passed for what is measured. */
export type Now = () => number;

/** Of this process, on all its threads: other processes do not disturb it. */
export const processorTime: Now = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};
export const wallTime: Now = () => performance.now() / 1e3;

/** A block, and the tokens that go through it. */
export interface Probe {
  readonly model: LlamaConfig;
  readonly batch: number;
  readonly sequence: number;
}

const block = (hiddenSize: number, ffnSize: number, heads: number, vocabularySize: number): LlamaConfig => ({
  ...{ hiddenSize, ffnSize, heads, keyValueHeads: heads, vocabularySize },
  ...{ layers: 1, contextLength: 1024, ropeTheta: 10_000, normEpsilon: 1e-5, tiedHead: true },
});
/** Below, between and beyond the widths of the small models. */
export const PROBES: readonly Probe[] = [
  { model: block(96, 256, 3, 512), batch: 8, sequence: 64 },
  { model: block(192, 512, 6, 2048), batch: 4, sequence: 256 },
  { model: block(512, 1376, 8, 4096), batch: 2, sequence: 512 },
];

/** Seconds that a sample takes at least, and samples of each operation: the quickest counts. */
const LEAST = 0.001;
const SAMPLES = 2;
/** Bytes of the sets of tensors that calls take turns on, and their number at the most. */
const BEYOND_CACHE = 24e6;
const MOST_SETS = 6;

const kindOf = ({ operator, attributes, inputs, outs }: Operation): string => {
  const formats = [...inputs, ...outs].map(({ format }) => format.name);
  const ways = Object.entries(attributes).filter(([, value]) => typeof value === 'boolean');
  return [operator?.name ?? 'copy', ...ways.flat(), ...formats].join(' ');
};

/** What a kind's time grows with: arithmetic and bytes; where there is no arithmetic to speak of, calls and bytes. */
const sizesOf = (flops: number, bytes: number, calls: number) => ({ u: flops || calls, v: bytes });

export interface Calibration {
  readonly clock: Clock;
  /** Kinds that were measured. */
  readonly kinds: ReadonlyMap<string, LinearLaw>;
}

/** Measures every kind of operation that a step of the recipe has. */
export async function calibrate(
  device: Device,
  recipe: Recipe,
  now: Now,
  probes = PROBES,
): Promise<Calibration> {
  const points = new Map<string, Point[]>();
  for (const shape of probes) {
    const { operations } = await traceStep(measuringPlan({ ...shape, recipe, steps: 1 }));
    const different = new Map(operations.map((operation) => [shapeKey(operation), operation]));
    for (const operation of different.values()) {
      const kind = kindOf(operation);
      const bytes = [...operation.inputs, ...operation.outs].reduce((sum, t) => sum + bytesOf(t), 0);
      const y = secondsOf(device, operation, now);
      points.set(kind, [...(points.get(kind) ?? []), { ...sizesOf(operation.flops, bytes, 1), y }]);
    }
  }
  const kinds = new Map([...points].map(([kind, those]) => [kind, linearLaw(those)]));
  const clock: Clock = (operation, { flops, bytes }) => {
    const law = kinds.get(kindOf(operation));
    const { u, v } = sizesOf(flops, bytes, 1);
    return law ? law.a * u + law.b * v : 0;
  };
  return { clock, kinds };
}

const shapeKey = (operation: Operation): string =>
  [kindOf(operation), ...[...operation.inputs, ...operation.outs].map(({ shape }) => shape.join('×'))].join();

/** Seconds of one call; calls take turns on several sets of tensors, since a step rarely finds what it needs in a cache. */
function secondsOf(device: Device, { operator, attributes, inputs, outs }: Operation, now: Now): number {
  const scope = createScope(device);
  const bytes = [...inputs, ...outs].reduce((sum, tensor) => sum + bytesOf(tensor), 0);
  const sets = Array.from({ length: Math.min(MOST_SETS, Math.ceil(BEYOND_CACHE / bytes)) }, () => {
    const [from, to] = [inputs, outs].map((all) => all.map((tensor) => ones(scope, tensor)));
    return { from: from!, to: to! };
  });
  const call = (i: number): void => {
    const { from, to } = sets[i % sets.length]!;
    if (operator) device.run(operator, attributes, from, to);
    else
      device.copy(to[0]!, from[0]!, { length: Math.min(elements(from[0]!.shape), elements(to[0]!.shape)) });
  };
  const timed = (calls: number): number => {
    const start = now();
    for (let i = 0; i < calls; i++) call(i);
    return (now() - start) / calls;
  };
  timed(1); // compiles
  let calls = Math.max(2, sets.length);
  while (timed(calls) * calls < LEAST && calls < 1e5) calls *= 2;
  const seconds = Math.min(...Array.from({ length: SAMPLES }, () => timed(calls)));
  scope.release();
  return seconds;
}

/** Ones are values of every format, token ids and positions, and finite under every operator. */
function ones(scope: Scope, { shape, format }: Tensor): Tensor {
  const tensor = scope.alloc(shape, format);
  scope.device.write(tensor, new Float32Array(elements(shape)).fill(format === FP32 ? 1 : round(format, 1)));
  return tensor;
}
