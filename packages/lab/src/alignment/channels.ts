/** @file How gate and up of every channel lie to each other: cosine, correlation, norms. */
import { mean } from '../engine/numbers.ts';

/** An entry a channel. */
export interface Channels {
  readonly cosine: Float64Array;
  /** Pearson's, over the entries: the cosine after each vector's mean is taken off. */
  readonly correlation: Float64Array;
  readonly gateNorm: Float64Array;
  readonly upNorm: Float64Array;
  /** A control: the channel's gate with the next channel's up. */
  readonly strangers: Float64Array;
}

/** Of `gateUp` `[2F, D]`: gate rows, then up rows. Where either is zero, cosine and correlation are 0. */
export function measureChannels(gateUp: Float32Array, width: number): Channels {
  const count = gateUp.length / (2 * width);
  const column = () => new Float64Array(count);
  const channels = {
    cosine: column(),
    correlation: column(),
    gateNorm: column(),
    upNorm: column(),
    strangers: column(),
  };
  for (let channel = 0; channel < count; channel++) {
    const [gates, ups] = [channel * width, (count + channel) * width];
    const next = (count + ((channel + 1) % count)) * width;
    let [sumG, sumU, squareG, squareU, product, squareN, strange] = [0, 0, 0, 0, 0, 0, 0];
    for (let i = 0; i < width; i++) {
      const [g, u, n] = [gateUp[gates + i]!, gateUp[ups + i]!, gateUp[next + i]!];
      sumG += g;
      sumU += u;
      squareG += g * g;
      squareU += u * u;
      product += g * u;
      squareN += n * n;
      strange += g * n;
    }
    const [varianceG, varianceU] = [squareG - sumG ** 2 / width, squareU - sumU ** 2 / width];
    channels.cosine[channel] = ratio(product, squareG, squareU);
    channels.correlation[channel] = ratio(product - (sumG * sumU) / width, varianceG, varianceU);
    channels.gateNorm[channel] = Math.sqrt(squareG);
    channels.upNorm[channel] = Math.sqrt(squareU);
    channels.strangers[channel] = ratio(strange, squareG, squareN);
  }
  return channels;
}

const ratio = (product: number, a: number, b: number): number =>
  a > 0 && b > 0 ? product / Math.sqrt(a * b) : 0;

/** A layer's channels in a few numbers. */
export interface LayerAlignment {
  /** Of |cos|, and of cos with its sign. */
  readonly mean: number;
  readonly max: number;
  readonly signed: number;
  /** Shares of channels whose |cos| is above .8 and .9. */
  readonly above8: number;
  readonly above9: number;
  /** Means over the channels: of |cos| between strangers, of |correlation|, of the norms. */
  readonly strangers: number;
  readonly correlation: number;
  readonly gateNorm: number;
  readonly upNorm: number;
}

export function summariseChannels(channels: Channels): LayerAlignment {
  const { cosine, correlation, gateNorm, upNorm, strangers } = channels;
  const sizes = cosine.map(Math.abs);
  const above = (limit: number): number => sizes.filter((c) => c > limit).length / sizes.length;
  return {
    mean: mean(sizes),
    max: Math.max(...sizes),
    signed: mean(cosine),
    above8: above(0.8),
    above9: above(0.9),
    strangers: mean(strangers.map(Math.abs)),
    correlation: mean(correlation.map(Math.abs)),
    gateNorm: mean(gateNorm),
    upNorm: mean(upNorm),
  };
}

/** The `width` entries of a channel's two vectors. */
export function entriesOf(
  gateUp: Float32Array,
  width: number,
  channel: number,
): { readonly gate: number[]; readonly up: number[] } {
  const row = (index: number): number[] => [...gateUp.subarray(index * width, (index + 1) * width)];
  return { gate: row(channel), up: row(gateUp.length / (2 * width) + channel) };
}
