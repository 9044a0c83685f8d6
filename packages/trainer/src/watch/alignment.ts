/** @file Gate and up vectors that align: the cause that the paper names, visible while the loss and all maxima are calm. */
import { isBareSwiglu, type WatchRule } from './rule.ts';

/**
 * |cos(gate_j, up_j)| of a layer's most aligned channel. Where the two are parallel SwiGLU grows with the square of its
 * input, and Theorem 1 of arXiv 2409.12517 says that weight decay takes them there. On sampled steps.
 */
export const alignment: WatchRule = {
  name: 'alignment',
  describe: ({ value, limit, channel }) =>
    `gate and up of channel ${channel} are aligned, |cos| ${value.toFixed(3)} (limit ${limit})`,
  measure(seen, limits) {
    if (!seen.alignment || !isBareSwiglu(seen)) return null;
    const { channel, cosine } = seen.alignment;
    return { value: cosine, limit: limits.alignment, channel };
  },
};
