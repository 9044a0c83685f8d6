/** @file RoPE's frequencies for contexts longer than the one first trained on, as data. */

/** All frequencies divided by a factor: positions interpolated (Chen et al., arXiv 2306.15595). */
export interface LinearScaling {
  readonly kind: 'linear';
  readonly factor: number;
}

/** Llama 3.1's: long waves are divided by a factor, short ones kept, those between blended. */
export interface Llama3Scaling {
  readonly kind: 'llama3';
  readonly factor: number;
  /** Waves of which fewer than this many fit into the original context are long. */
  readonly lowFrequencyFactor: number;
  /** Waves of which more than this many fit into it are short. */
  readonly highFrequencyFactor: number;
  /** The context length, in tokens, before the scaling. */
  readonly originalContext: number;
}

export type RopeScaling = LinearScaling | Llama3Scaling;

const NUMBERS: Readonly<Record<RopeScaling['kind'], readonly string[]>> = {
  linear: ['factor'],
  llama3: ['factor', 'lowFrequencyFactor', 'highFrequencyFactor', 'originalContext'],
};

/** What is wrong with a scaling from outside, to be put behind its name; null where nothing is. */
export function ropeScalingFault(scaling: unknown): string | null {
  const given = Object(scaling) as Readonly<Record<string, unknown>>;
  const { kind } = given;
  if (typeof kind !== 'string' || !Object.hasOwn(NUMBERS, kind))
    return `: got ${JSON.stringify(scaling)?.slice(0, 80)}, expected kind ${Object.keys(NUMBERS).join(' or ')}`;
  for (const key of NUMBERS[kind as RopeScaling['kind']]) {
    const value = given[key];
    if (typeof value !== 'number' || !(value > 0) || !Number.isFinite(value))
      return `.${key}: got ${JSON.stringify(value)?.slice(0, 80)}, expected a positive number`;
  }
  const { lowFrequencyFactor: low, highFrequencyFactor: high } = given as unknown as Llama3Scaling;
  if (kind === 'llama3' && !(high > low))
    return `.highFrequencyFactor: got ${high}, expected more than lowFrequencyFactor, ${low}`;
  return null;
}

/**
 * The frequency (radians a position) that a scaling puts in place of one: transformers, `modeling_rope_utils`,
 * `_compute_linear_scaling_rope_parameters` and `_compute_llama3_parameters`. Of llama3, with n = originalContext / wavelength
 * and s = (n − low) / (high − low): f / factor where n < low, f where n > high, else (1 − s) f / factor + s f.
 */
export function scaledFrequency(scaling: RopeScaling | undefined): (frequency: number) => number {
  if (scaling === undefined) return (frequency) => frequency;
  const { factor } = scaling;
  if (scaling.kind === 'linear') return (frequency) => frequency / factor;
  const { lowFrequencyFactor: low, highFrequencyFactor: high, originalContext } = scaling;
  return (frequency) => {
    const fitting = (originalContext * frequency) / (2 * Math.PI);
    const smooth = Math.min(1, Math.max(0, (fitting - low) / (high - low)));
    return ((1 - smooth) * frequency) / factor + smooth * frequency;
  };
}
