/** @file Where a value that is not finite came from, and the error that says so. */
import { OctavoError, round } from '@octavo/formats';
import type { Point, Site } from '@octavo/nn';
import type { Gradients, Sighting } from './learned.ts';
import { pointOf, type SiteStatistics, siteStatistics } from './places.ts';
import type { Training } from './training.ts';

/** The first tensor, in the order of computation, that holds a value that is not finite, or whose cast makes one. */
export interface NonFinite extends Point {
  readonly value: 'NaN' | 'infinity';
  /** Elements that are not finite, where they were counted. */
  readonly count: number | null;
  /** In words, such as `layer 1, down, input (overflows in its cast to e4m3fn)`. */
  readonly where: string;
}

/** What a step found, and whether the state that it began with may be gone on with. */
export interface NonFiniteReport {
  readonly step: number;
  readonly loss: number;
  readonly gradientNorm: number;
  readonly nonFinite: NonFinite;
  /** Of the failed step, with statistics where they show the fault; null: the fault was found in the state, outside a step. */
  readonly gradients: Gradients | null;
  /** The state that the step began with gives finite gradients: the fault came and went, or lies in the update. */
  readonly proven: boolean;
  /** Steps in a row that were skipped, this one included; 0 under policy `stop`. */
  readonly skips: number;
}

/** A run that goes no further because of a value that is not finite. */
export class NonFiniteError extends OctavoError {
  readonly report: NonFiniteReport;

  constructor(message: string, report: NonFiniteReport) {
    super(message);
    this.report = report;
  }
}

/** The error of a report. `saved`: the step to resume from; null: none was saved; left out: this caller saves nothing. */
export function nonFiniteError(report: NonFiniteReport, saved?: number | null): NonFiniteError {
  const { step, loss, gradientNorm, nonFinite, gradients, skips } = report;
  const skipped = skips > 0 ? `, the last of ${skips} in a row that had to be skipped` : '';
  const state =
    saved === undefined
      ? ''
      : saved === null
        ? 'no finite state was left to save; '
        : `step ${saved}, the last good state, is saved; `;
  const advice = `resume ${saved == null ? '' : 'it '}with another recipe, a lower learning rate${skips > 0 ? '' : ', or nonFinite: skip-step'}`;
  const got = gradients
    ? `got loss ${loss}, gradient norm ${gradientNorm}, expected finite values; first non-finite in ${nonFinite.where}`
    : `its state is not to be saved: got ${nonFinite.value} in ${nonFinite.where}, expected finite values`;
  return new NonFiniteError(`[trainer] step ${step}${skipped}: ${got}; ${state}${advice}`, report);
}

export const nonFiniteAt = (
  { layer, name, operand }: Point,
  value: number,
  more: { count?: number | null; how?: string } = {},
): NonFinite => ({
  layer,
  name,
  operand,
  value: Number.isNaN(value) ? 'NaN' : 'infinity',
  count: more.count ?? null,
  where: `${layer === null ? '' : `layer ${layer}, `}${name}, ${operand}${more.how ?? ''}`,
});

/**
 * The first tensor of a step that is at fault; null: all that the step has looked at is finite. With overflow mode
 * `special` a finite tensor may overflow in its cast, and is at fault, not what is computed from it; that is known only
 * of steps with statistics.
 */
export function firstNonFinite({ model }: Training, gradients: Gradients): NonFinite | null {
  const { seen, statistics, loss, squares } = gradients;
  const first = seen.findIndex(({ amax }) => !Number.isFinite(amax));
  const broken = first >= 0 || !Number.isFinite(loss) || squares.some((square) => !Number.isFinite(square));
  if (!broken) return null;
  if (statistics) {
    const until = first < 0 ? seen : seen.slice(0, first);
    for (const { of } of until) {
      if (!isSite(of) || !overflows(of, siteStatistics(statistics, of))) continue;
      return nonFiniteAt(of, Number.NaN, { how: ` (overflows in its cast to ${of.format.name})` });
    }
  }
  if (first >= 0) return sighted(seen[first]!, statistics);
  if (!Number.isFinite(loss)) return nonFiniteAt({ layer: null, name: 'loss', operand: 'output' }, loss);
  const at = squares.findLastIndex((square) => !Number.isFinite(square));
  return nonFiniteAt(pointOf(model.parameters[at]!.name, 'gradient'), squares[at]!);
}

const isSite = (of: Point): of is Site => 'cast' in of;

function sighted({ of, amax, microBatch }: Sighting, statistics: Float32Array | null): NonFinite {
  const count =
    statistics && isSite(of) && microBatch === 0 ? siteStatistics(statistics, of).nonFinite : null;
  return nonFiniteAt(of, amax, { count: count || null });
}

/** Whether a cast makes NaN or infinity of finite elements. */
function overflows({ cast, format }: Site, { nonFinite, overflows, amax, scale }: SiteStatistics): boolean {
  if (nonFinite !== 0 || cast?.overflow !== 'special' || !(overflows > 0)) return false;
  // Beyond the largest value but nearer to it than to the next one, an element is rounded back into the format.
  const known = cast.rounding !== 'stochastic' && scale !== null;
  return !(known && Number.isFinite(round(format, Math.fround(amax * scale), cast.rounding, 'special')));
}

/**
 * A step's maxima as scaling may learn of them: from the first value that is not finite on, what was computed tells
 * nothing of the model, so those maxima are NaN and leave their histories as they are.
 */
export function trustedMaxima({ model }: Training, { amaxes, seen }: Gradients): Float32Array {
  const first = seen.findIndex(({ amax }) => !Number.isFinite(amax));
  if (first < 0) return amaxes;
  const trusted = amaxes.slice();
  for (const { of, microBatch } of seen.slice(first))
    if (isSite(of)) trusted[microBatch * model.precision.sites.length + of.index] = Number.NaN;
  return trusted;
}

/** The error of a state that may not become a checkpoint. */
export const unsavable = ({ step }: Training, nonFinite: NonFinite): NonFiniteError =>
  nonFiniteError({
    step,
    loss: Number.NaN,
    gradientNorm: Number.NaN,
    nonFinite,
    gradients: null,
    proven: false,
    skips: 0,
  });
