/** @file How often to write a checkpoint, by formula. All in seconds. */

/** What a formula knows of a job: between failures of any rank, of a checkpoint, and of a restart. */
export interface Rhythm {
  readonly betweenFailures: number;
  readonly checkpoint: number;
  readonly restart: number;
}

/** √(2 C M): J. W. Young, CACM 17(9), 1974. */
export const youngInterval = ({ betweenFailures, checkpoint }: Rhythm): number =>
  Math.sqrt(2 * checkpoint * betweenFailures);

/** √(2 C M) (1 + √(C / 2M) / 3 + C / 18M) − C, and M where C ≥ 2 M: J. T. Daly, FGCS 22(3), 2006, equation 37. */
export function dalyInterval({ betweenFailures: m, checkpoint: c }: Rhythm): number {
  if (c >= 2 * m) return m;
  const ratio = c / (2 * m);
  return Math.sqrt(2 * c * m) * (1 + Math.sqrt(ratio) / 3 + ratio / 9) - c;
}

/**
 * Share of the time that is useful with a checkpoint every `interval` seconds of work and failures that may come at any time:
 * τ / (M e^(R/M) (e^((τ + C)/M) − 1)): Daly, equation 20.
 */
export const expectedGoodput = (
  { betweenFailures: m, checkpoint, restart }: Rhythm,
  interval: number,
): number => interval / (m * Math.exp(restart / m) * Math.expm1((interval + checkpoint) / m));
