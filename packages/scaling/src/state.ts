/**
 * @file What a policy remembers, as plain data that JSON keeps, and the three functions on it: `initState`, `observe`,
 * `scales`. None changes its arguments.
 */
import { type Format, OctavoError } from '@octavo/formats';
import { checkKeys, checkNumber } from './check.ts';
import type { Policy } from './policy.ts';
import { scaleFromAmax } from './scale-from-amax.ts';

export interface ScalingState {
  /** Observations so far. */
  readonly observed: number;
  /** Delayed: the latest observations, oldest first, one maximum a slot in each. Float32 numbers, all finite. */
  readonly history: readonly number[];
  /** The maximum that each slot's scale comes from; 0 (scale 1) before there is one. */
  readonly amax: readonly number[];
  /** Maxima met that were NaN or infinite. Each was replaced by the slot's latest finite one. */
  readonly nonFinite: number;
}

/** The state before the first observation, for `slots` scales that are observed together (one for a tensor). */
export function initState(_policy: Policy, slots: number): ScalingState {
  checkNumber(slots, 'slots', { integer: true, from: 0, to: 2 ** 31 });
  return { observed: 0, history: [], amax: new Array<number>(slots).fill(0), nonFinite: 0 };
}

/**
 * The state after one more observation: `amaxes`, a maximum a slot (max |x| of what was, or is to be, cast).
 * Delayed scales are renewed with every `interval`-th observation, and with the first one where the policy starts from
 * the tensor's own maximum. A maximum that is not finite leaves its slot at the latest finite one; before there is one the
 * observation does not count. Call it in one place a step, after the backward pass.
 */
export function observe(policy: Policy, state: ScalingState, amaxes: ArrayLike<number>): ScalingState {
  const slots = state.amax.length;
  if (amaxes.length !== slots) {
    throw new OctavoError(
      `[scaling] observe: got ${amaxes.length} maxima, expected ${slots}, one a slot of the state`,
    );
  }
  let nonFinite = state.nonFinite;
  const seen = Array.from(amaxes, (given, slot) => {
    const amax = Math.fround(given);
    if (amax < 0)
      throw new OctavoError(
        `[scaling] observe: got ${given} for slot ${slot}, expected a maximum of magnitudes`,
      );
    if (Number.isFinite(amax)) return amax;
    nonFinite++;
    return latest(state, slot);
  });
  // before anything finite was seen there is nothing to go on from: the next observation is the first one
  if (policy.kind === 'delayed' && state.observed === 0 && nonFinite > state.nonFinite)
    return { ...state, nonFinite };
  const observed = state.observed + 1;
  if (policy.kind === 'fixed') return { ...state, observed, nonFinite };
  if (policy.kind === 'current') return { ...state, observed, amax: seen, nonFinite };
  const kept = state.history.slice(Math.max(0, state.history.length - (policy.history - 1) * slots));
  const history = policy.history === 1 ? seen : [...kept, ...seen];
  const renews = observed % policy.interval === 0 || (observed === 1 && policy.first === 'current');
  const amax = !renews ? state.amax : policy.algorithm === 'max' ? maxima(history, slots) : seen;
  return { observed, history, amax, nonFinite };
}

/** True while the scale must come from the tensor that is about to be cast, by `scales(…, own)`. */
export function needsOwnMaximum(policy: Policy, state: ScalingState): boolean {
  return (
    policy.kind === 'current' ||
    (policy.kind === 'delayed' && policy.first === 'current' && state.observed === 0)
  );
}

/**
 * One scale a slot for a cast to `format`; formats may share a state. `own` are the maxima of the tensor about to be
 * cast: used where `needsOwnMaximum`, else not looked at. A current policy without `own` takes the maxima observed last.
 * Throws where maxima are needed and there are none.
 */
export function scales(
  policy: Policy,
  state: ScalingState,
  format: Format,
  own?: ArrayLike<number>,
): Float32Array {
  const slots = state.amax.length;
  if (policy.kind === 'fixed') return new Float32Array(slots).fill(policy.scale);
  let amax: ArrayLike<number> = state.amax;
  if (needsOwnMaximum(policy, state)) {
    if (own) amax = own;
    else if (state.observed === 0) {
      throw new OctavoError(
        `[scaling] scales: nothing was observed yet under policy ${policy.kind}, expected the tensor's own maxima as fourth argument`,
      );
    }
  }
  if (amax.length !== slots) {
    throw new OctavoError(
      `[scaling] scales: got ${amax.length} maxima, expected ${slots}, one a slot of the state`,
    );
  }
  return Float32Array.from(amax, (a) => scaleFromAmax(a, format.max, policy.margin, policy.powerOfTwo));
}

/** A state from outside (a checkpoint), checked against the policy that is to go on with it. */
export function checkState(policy: Policy, value: unknown, where = 'state'): ScalingState {
  const state = checkKeys(value, where, ['observed', 'history', 'amax', 'nonFinite']);
  const count = { integer: true, from: 0, to: Number.MAX_SAFE_INTEGER };
  const amax = checkMaxima(state.amax, `${where}.amax`);
  const history = checkMaxima(state.history, `${where}.history`);
  const observed = checkNumber(state.observed, `${where}.observed`, count);
  const length = policy.kind === 'delayed' ? Math.min(observed, policy.history) * amax.length : 0;
  if (history.length !== length) {
    throw new OctavoError(
      `[scaling] ${where}.history: got ${history.length} maxima, expected ${length} (${amax.length} slots, ${observed} observations, policy ${policy.kind})`,
    );
  }
  return { observed, history, amax, nonFinite: checkNumber(state.nonFinite, `${where}.nonFinite`, count) };
}

function checkMaxima(value: unknown, where: string): number[] {
  if (!Array.isArray(value))
    throw new OctavoError(`[scaling] ${where}: got ${typeof value}, expected an array`);
  const range = { from: 0, to: (2 - 2 ** -23) * 2 ** 127 };
  return value.map((amax: unknown, i) => checkNumber(amax, `${where}[${i}]`, range));
}

/** A slot's last finite maximum: the end of the history, else what its scale comes from. */
function latest({ history, amax }: ScalingState, slot: number): number {
  return history[history.length - amax.length + slot] ?? amax[slot]!;
}

/** The largest of every slot's remembered maxima. */
function maxima(history: readonly number[], slots: number): number[] {
  const largest = new Array<number>(slots).fill(0);
  for (let i = 0; i < history.length; i++) largest[i % slots] = Math.max(largest[i % slots]!, history[i]!);
  return largest;
}
