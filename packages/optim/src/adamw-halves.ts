/**
 * @file AdamW in two halves, for a state of which this process holds a part: first what is new and how large it is at most,
 * then, once all who hold parts have agreed on the largest, its storage under the scale that the whole tensor gets.
 * Elements are computed one by one, so they are what they would be in the whole.
 */
import { FP32, type Rounding } from '@octavo/formats';
import {
  adamMoment1,
  adamMoment2,
  adamWeight,
  amax,
  cast,
  dequantize,
  elements,
  keepNonzero,
  matrixShape,
  type Scope,
  type Tensor,
} from '@octavo/kernels';
import { scaleFromAmax } from '@octavo/scaling';
import type { AdamFormats, AdamState } from './adamw.ts';

/** In the order in which an update computes them. */
export const ADAM_ROLES = ['master', 'moment1', 'moment2'] as const;

/** The new state in float32, and the largest magnitude of each of its tensors, `[1, 1]`. */
export type NextState = Readonly<
  Record<(typeof ADAM_ROLES)[number], { readonly value: Tensor; readonly maximum: Tensor }>
>;

/** The first half; `grad` is of the shape of the part. All it allocates lives as long as the scope. */
export function nextAdamState(
  scope: Scope,
  state: AdamState,
  { moment1, moment2, moment2Rule }: AdamFormats,
  { grad, hyper, decays }: { grad: Tensor; hyper: Tensor; decays: boolean },
): NextState {
  const { device } = scope;
  const { shape } = state.master;
  const bounded = moment2Rule === 'bounded' && !(moment1 === FP32 && moment2 === FP32);
  const made = (fill: (to: Tensor) => void): Tensor => {
    const to = scope.alloc(shape, FP32);
    fill(to);
    return to;
  };
  const decoded = (codes: Tensor, scale: Tensor): Tensor =>
    codes.format === FP32
      ? codes
      : made((to) => device.run(dequantize, blockOf(codes), [codes, scale], [to]));
  const [w, m, v] = ADAM_ROLES.map((role) => decoded(state[role], state[`${role}Scale`])) as [
    Tensor,
    Tensor,
    Tensor,
  ];
  const nextM = made((to) => device.run(adamMoment1, {}, [m, grad, hyper], [to]));
  const nextV = made((to) =>
    device.run(adamMoment2, { bounded }, [v, grad, hyper, ...(bounded ? [m] : [])], [to]),
  );
  const nextW = made((to) => device.run(adamWeight, { decays }, [w, nextM, nextV, hyper], [to]));
  for (const [i, before] of [w, m, v].entries()) if (before !== state[ADAM_ROLES[i]!]) scope.drop(before);
  const measured = (value: Tensor) => {
    const maximum = scope.alloc([1, 1], FP32);
    device.run(amax, blockOf(value), [value], [maximum]);
    return { value, maximum };
  };
  return { master: measured(nextW), moment1: measured(nextM), moment2: measured(nextV) };
}

/**
 * The second half: fresh tensors in `state`, the old ones left to the caller. `maxima`: of the whole tensors, in the order of
 * `ADAM_ROLES`. `first`: where the part begins among the elements of the whole, which stochastic rounding draws by.
 */
export function storeAdamState(
  scope: Scope,
  state: AdamState,
  formats: AdamFormats,
  next: NextState,
  options: {
    readonly maxima: readonly number[];
    readonly seed: Tensor;
    readonly stream: number;
    readonly first: number;
  },
): void {
  const { device } = scope;
  const bounded = formats.moment2Rule === 'bounded';
  for (const [i, role] of ADAM_ROLES.entries()) {
    const { value } = next[role];
    const format = formats[role];
    const scale = device.alloc([1, 1], FP32);
    const largest = options.maxima[i]!;
    const wanted = format === FP32 ? 1 : scaleFromAmax(largest, format.max, 0, formats.powerOfTwo);
    device.write(scale, [Number.isFinite(largest) ? wanted : Number.NaN]); // saturating must not hide it
    const stored = device.alloc(value.shape, format);
    if (format === FP32) device.copy(stored, value);
    else {
      const rounding = role === 'master' ? formats.masterRounding : formats.rounding;
      const codes = role === 'moment2' && bounded ? scope.alloc(value.shape, format) : stored;
      castPart(scope, value, scale, codes, { ...options, rounding, stream: options.stream + i });
      if (codes !== stored) device.run(keepNonzero, {}, [codes, value], [stored]);
    }
    Object.assign(state, { [role]: stored, [`${role}Scale`]: scale });
  }
}

/** Casts a part; one that draws random bits by the place of an element is cast at its place in the whole. */
function castPart(
  scope: Scope,
  value: Tensor,
  scale: Tensor,
  to: Tensor,
  { rounding, stream, seed, first }: { rounding: Rounding; stream: number; seed: Tensor; first: number },
): void {
  const { device } = scope;
  const how = { rounding, overflow: 'saturate', stream } as const;
  if (rounding !== 'stochastic') {
    device.run(cast, { ...blockOf(value), ...how }, [value, scale], [to]);
    return;
  }
  const length = first + elements(value.shape);
  const [whole, codes] = [scope.alloc([1, length], FP32), scope.alloc([1, length], to.format)];
  device.write(whole, new Float32Array(length));
  device.copy(whole, value, { to: first });
  device.run(cast, { ...blockOf(whole), ...how }, [whole, scale, seed], [codes]);
  device.copy(to, codes, { from: first, length: length - first });
  for (const temporary of [whole, codes]) scope.drop(temporary);
}

function blockOf({ shape }: Tensor): { blockRows: number; blockColumns: number } {
  const [blockRows, blockColumns] = matrixShape(shape);
  return { blockRows, blockColumns };
}
