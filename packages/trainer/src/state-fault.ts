/** @file Whether the state of a run is finite: its weights, master weights and moments. */
import { FP32 } from '@octavo/formats';
import { amax, createScope, matrixShape, type Tensor } from '@octavo/kernels';
import { apply } from '@octavo/nn';
import { type NonFinite, nonFiniteAt } from './non-finite.ts';
import { pointOf } from './places.ts';
import type { Training } from './training.ts';
import { gather } from './transfer.ts';

/** In the order in which an update computes them. */
const ROLES = ['moment1', 'moment2', 'master'] as const;

/** The first tensor that is not finite, or null. One pass over the state, and one read. */
export async function stateFault(training: Training): Promise<NonFinite | null> {
  const { device, model, optimizer, ranks } = training;
  const scope = createScope(device);
  const largest = (x: Tensor): Tensor => {
    const [blockRows, blockColumns] = matrixShape(x.shape);
    return apply({ device, scope }, amax, { blockRows, blockColumns }, [x], FP32);
  };
  try {
    const looks = model.parameters.flatMap(({ name, value }, i) => [
      { point: pointOf(name, 'weight'), maximum: largest(value) },
      ...ROLES.flatMap((role) => {
        const { state } = optimizer[i]!;
        const point = pointOf(name, role);
        return [state[role], state[`${role}Scale`]].map((x) => ({ point, maximum: largest(x) }));
      }),
    ]);
    const { maxima } = await gather(device, { maxima: looks.map(({ maximum }) => maximum) });
    await ranks?.group.allReduce(maxima, 'max');
    const at = maxima.findIndex((x) => !Number.isFinite(x));
    return at < 0 ? null : nonFiniteAt(looks[at]!.point, maxima[at]!);
  } finally {
    scope.release();
  }
}

/**
 * The first state that an update has left with a value that is not finite, or null: `adamw` gives such a state the scale
 * NaN. One small read.
 */
export async function updateFault(training: Training): Promise<NonFinite | null> {
  const { device, model, optimizer } = training;
  const { scales } = await gather(device, {
    scales: optimizer.flatMap(({ state }) => ROLES.map((role): Tensor => state[`${role}Scale`])),
  });
  const at = scales.findIndex((scale) => !Number.isFinite(scale));
  if (at < 0) return null;
  const { name } = model.parameters[Math.floor(at / ROLES.length)]!;
  return nonFiniteAt(pointOf(name, ROLES[at % ROLES.length]!), Number.NaN);
}
