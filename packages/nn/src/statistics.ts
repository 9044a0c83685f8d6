/** @file What casts do to their tensors, recorded once a sampled step, on its first micro-batch. */
import { FP32 } from '@octavo/formats';
import { type Block, castStatistics, elements, type Tensor } from '@octavo/kernels';
import { CLIPS_ABOVE } from '@octavo/scaling';
import { apply, type Context } from './context.ts';
import type { Site } from './precision.ts';
import { STATISTICS_LENGTH } from './recording.ts';

/** Whether statistics are wanted now. */
export const samples = ({ precision: { recording } }: Pick<Context, 'precision'>): boolean =>
  recording !== null && recording.statistics !== null && recording.microBatch === 0;

/** The magnitude above which values are clipped, and the one below which they become zero. */
export const limitsOf = ({ format }: Site) => ({
  max: format.max * CLIPS_ABOVE,
  minSubnormal: format.minSubnormal,
});

/** What a site's cast with these scales, one a block, did to a tensor, from the tensor itself. */
export function sampleStatistics(
  context: Context,
  site: Site,
  x: Tensor,
  { scale, block }: { scale: Tensor; block: Block },
  siteScale = scale,
): void {
  if (!samples(context)) return;
  const attributes = { blockRows: block.rows, blockColumns: block.columns, ...limitsOf(site) };
  noteStatistics(context, site, apply(context, castStatistics, attributes, [x, scale], FP32), siteScale);
}

/** Keeps the statistics of a site's cast, and the site's scale where it is one. */
export function noteStatistics(
  { device, precision }: Context,
  { index }: Site,
  statistics: Tensor,
  siteScale: Tensor,
): void {
  const to = precision.recording!.statistics!;
  device.copy(to, statistics, { to: index * STATISTICS_LENGTH });
  if (elements(siteScale.shape) === 1)
    device.copy(to, siteScale, { to: (index + 1) * STATISTICS_LENGTH - 1 });
}
