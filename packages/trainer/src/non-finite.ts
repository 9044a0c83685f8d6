/** @file Where a value that is not finite came from. */
import { round } from '@octavo/formats';
import type { Site } from '@octavo/nn';
import type { Gradients } from './gradients.ts';
import { type SiteStatistics, siteStatistics } from './site-statistics.ts';
import type { Training } from './training.ts';

/**
 * The first tensor, in the order of computation, that holds a value that is not finite, or whose cast makes one: with
 * overflow mode `special` a finite tensor may overflow in it, and is at fault, not what is computed from it.
 */
export function firstNonFinite(training: Training, { statistics }: Gradients): string {
  const named = training.model.precision.sites.flatMap((site) => {
    const what = statistics && fault(site, siteStatistics(statistics, site));
    return what === null ? [] : [{ site, what }];
  });
  const forward = named.filter((n) => n.site.operand !== 'grad').sort((a, b) => a.site.index - b.site.index);
  const backward = named.filter((n) => n.site.operand === 'grad').sort((a, b) => b.site.index - a.site.index);
  const first = forward[0] ?? backward[0];
  if (!first) return 'the head or the embedding';
  const { layer, name, operand } = first.site;
  return `layer ${layer}, ${name}, ${operand}${first.what}`;
}

/** Null: neither the tensor nor its cast is at fault. */
function fault({ cast, format }: Site, { nonFinite, overflows, amax, scale }: SiteStatistics): string | null {
  if (!(nonFinite === 0)) return '';
  if (cast?.overflow !== 'special' || !(overflows > 0)) return null;
  // Beyond the largest value but nearer to it than to the next one, an element is rounded back into the format.
  const known = cast.rounding !== 'stochastic' && scale !== null;
  if (known && Number.isFinite(round(format, Math.fround(amax * scale), cast.rounding, 'special')))
    return null;
  return ` (overflows in its cast to ${format.name})`;
}
