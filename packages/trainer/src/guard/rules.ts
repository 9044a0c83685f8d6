/** @file The rules of the guard, each a pure function of what one cast did at one step. A new one is one more of these. */
import { type GuardRule, isBareSwiglu, type RuleName } from './rule.ts';

/**
 * A tensor far above what its scale was made for: with delayed scaling the outlier is clipped at once, and the steps after
 * it are cast with a scale that is far too small (arXiv 2409.12517, section 4).
 *
 * amax / (maximum of the history) above a limit. A cast that does not saturate is lost at 2^margin; it is said one power
 * of two before. Maxima come back at every step, so this rule needs no samples.
 */
const overshoot: GuardRule = {
  name: 'overshoot',
  describe: ({ value, limit }) =>
    `maximum ${figure(value)} times what its scale was made for (limit ${figure(limit)})`,
  measure({ cast, operand, amax, expected, observed }, limits) {
    if (cast.policy.kind !== 'delayed' || observed < limits.settled || !expected) return null;
    const usual = limits.overshoot[operand];
    const limit =
      cast.overflow === 'special' ? Math.min(usual, Math.max(1, 2 ** (cast.policy.margin - 1))) : usual;
    return { value: amax / expected, limit };
  },
};

/**
 * A scale far too small for its tensor, as after an outlier: what is small now falls below the format's reach.
 *
 * log2(expected / amax): so many powers of two of the format's reach are lost, since the scale was made for a maximum so
 * much larger. What may be lost depends on what the format has, log2(max / smallest subnormal): 17.8 in E4M3, of which
 * `left` have to stay, 31.8 in E5M2. Seen at every step.
 */
const range: GuardRule = {
  name: 'range',
  describe: ({ value, limit }) =>
    `its scale is 2^${value.toFixed(1)} too small for it (limit 2^${limit.toFixed(1)})`,
  measure({ cast, format, amax, expected, observed }, { settled, range: { left, lost } }) {
    const { policy } = cast;
    if (policy.kind !== 'delayed' || observed < settled || !expected || amax === 0) return null;
    const whole = Math.log2(format.max / format.minSubnormal) - policy.margin;
    return { value: Math.log2(expected / amax), limit: Math.max(lost, whole - left) };
  },
};

/**
 * Many elements clipped: not one outlier, the scale as a whole is behind its tensor. Share of elements beyond the format's
 * largest value, on sampled steps.
 */
const overflow: GuardRule = {
  name: 'overflow',
  describe: ({ value, limit }) => `${percent(value)} of its elements clipped (limit ${percent(limit)})`,
  measure({ statistics, observed }, limits) {
    if (!statistics || observed < limits.settled) return null;
    return { value: statistics.overflows, limit: limits.overflow };
  },
};

/**
 * Most of a tensor flushed to zero: the share of elements that the cast turns to zero, on sampled steps. By itself a weak
 * sign: a tensor whose small elements do not matter loses them without harm.
 */
const underflow: GuardRule = {
  name: 'underflow',
  describe: ({ value, limit }) =>
    `${percent(value)} of its elements flushed to zero (limit ${percent(limit)})`,
  measure({ statistics, expected }, limits) {
    if (!statistics || expected === 0) return null; // 0: at scale 1, before anything was observed
    return { value: statistics.underflows, limit: limits.underflow };
  },
};

/**
 * Outliers in a few elements, before any of them meets a stale scale: κ = E[x⁴] / E[x²]² (uncentred) rises before FP8
 * training diverges (FOG, arXiv 2505.20524). In units of the width W: n / κ elements carry the fourth moment (the
 * participation number), so κ > 8 W says that they are fewer than one for eight tokens. One channel that is always on
 * gives κ = W: outliers that are sporadic give more.
 * Of inputs whose elements share one scale, on sampled steps; Smooth-SwiGLU gives each channel its own.
 */
const kurtosis: GuardRule = {
  name: 'kurtosis',
  describe: ({ value, limit }) =>
    `kurtosis ${value.toPrecision(3)} times its width (limit ${limit}): a few elements carry it all`,
  measure({ operand, site, smoothing, cast, statistics }, limits) {
    if (!statistics?.kurtosis || operand !== 'input' || cast.granularity.kind !== 'tensor') return null;
    if (site === 'down' && smoothing !== 'none') return null;
    return { value: statistics.kurtosis / statistics.width, limit: limits.kurtosis };
  },
};

/**
 * Gate and up vectors that align: the cause that the paper names, visible while the loss and all maxima are calm.
 *
 * |cos(gate_j, up_j)| of a layer's most aligned channel. Where the two are parallel SwiGLU grows with the square of its
 * input, and Theorem 1 of arXiv 2409.12517 says that weight decay takes them there. On sampled steps.
 */
const alignment: GuardRule = {
  name: 'alignment',
  describe: ({ value, limit, channel }) =>
    `gate and up of channel ${channel} are aligned, |cos| ${value.toFixed(3)} (limit ${limit})`,
  measure(seen, limits) {
    if (!seen.alignment || !isBareSwiglu(seen)) return null;
    const { channel, cosine } = seen.alignment;
    return { value: cosine, limit: limits.alignment, channel };
  },
};

export const guardRules: readonly GuardRule[] = [overshoot, range, overflow, underflow, kurtosis, alignment];

export const ruleOf = (name: RuleName): GuardRule => guardRules.find((rule) => rule.name === name)!;

const figure = (value: number): string => String(Number(value.toPrecision(3)));

/** Shares as people read them. */
const percent = (share: number): string => `${Number((100 * share).toPrecision(2))} %`;
