/** @file The error that a run ends with where the guard stops it, and the layers that it has switched. */
import { OctavoError } from '@octavo/formats';
import { smoothingOf } from '@octavo/nn';
import { describeAlarm, type GuardAlarm, type Training } from '@octavo/trainer';

/** Why the run has stopped, and how to go on. */
export function stoppedError(alarms: readonly GuardAlarm[], folder: string): OctavoError {
  const smoothing = alarms.find(({ smooths }) => smooths);
  const shown = smoothing ?? alarms[0]!;
  const more = alarms.length > 1 ? ` (and ${alarms.length - 1} more)` : '';
  const resume = `octavo train --resume --out ${folder} --guard`;
  const mend = smoothing
    ? `go on with Smooth-SwiGLU for what was named by ${resume} switch`
    : `start anew in recipe ${shown.recipe}`;
  return new OctavoError(
    `[run] the guard stopped the run after step ${shown.step}, which is saved: ${describeAlarm(shown)}${more}; ${mend}, or as it is by ${resume} warn`,
  );
}

/** Layers that the run smooths otherwise than its recipe says. */
export const switchedLayers = ({ plan, model }: Training): number[] =>
  model.blocks
    .map((_, layer) => layer)
    .filter((layer) => smoothingOf(model.precision.recipe, layer) !== smoothingOf(plan.recipe, layer));
