/** @file How gate and up of every channel lie to each other, at a look; and of the channels that stand out over a run. */
import { channelOf } from '@octavo/report/charts';
import { dot, mean } from '../engine/numbers.ts';

/** An entry a channel of `gateUp` `[2F, D]`: gate rows, then up rows. Where either is zero, cosine and correlation are 0. */
export function measureChannels(gateUp: Float32Array, width: number) {
  const count = gateUp.length / (2 * width);
  const column = () => new Float64Array(count);
  const channels = {
    cosine: column(),
    /** Pearson's, over the entries: the cosine after each vector's mean is taken off. */
    correlation: column(),
    gateNorm: column(),
    upNorm: column(),
    /** A control: the channel's gate with the next channel's up. */
    strangers: column(),
  };
  for (let channel = 0; channel < count; channel++) {
    const [gate, up, next] = [channel, count + channel, count + ((channel + 1) % count)].map((row) =>
      gateUp.subarray(row * width, (row + 1) * width),
    ) as [Float32Array, Float32Array, Float32Array];
    const [squareG, squareU, product] = [dot(gate, gate), dot(up, up), dot(gate, up)];
    const total = (vector: Float32Array): number => vector.reduce((sum, v) => sum + v, 0);
    const [sumG, sumU] = [total(gate), total(up)];
    const [varianceG, varianceU] = [squareG - sumG ** 2 / width, squareU - sumU ** 2 / width];
    channels.cosine[channel] = ratio(product, squareG, squareU);
    channels.correlation[channel] = ratio(product - (sumG * sumU) / width, varianceG, varianceU);
    channels.gateNorm[channel] = Math.sqrt(squareG);
    channels.upNorm[channel] = Math.sqrt(squareU);
    channels.strangers[channel] = ratio(dot(gate, next), squareG, dot(next, next));
  }
  return channels;
}

const ratio = (product: number, a: number, b: number): number =>
  a > 0 && b > 0 ? product / Math.sqrt(a * b) : 0;

type Channels = ReturnType<typeof measureChannels>;

/** A layer's channels in a few numbers. */
export type LayerAlignment = ReturnType<typeof summariseChannels>;

export function summariseChannels(channels: Channels) {
  const { cosine, correlation, gateNorm, upNorm, strangers } = channels;
  const sizes = cosine.map(Math.abs);
  const above = (limit: number): number => sizes.filter((c) => c > limit).length / sizes.length;
  return {
    /** Of |cos|, and of cos with its sign. */
    mean: mean(sizes),
    max: Math.max(...sizes),
    signed: mean(cosine),
    /** Shares of channels whose |cos| is above .8 and .9. */
    above8: above(0.8),
    above9: above(0.9),
    /** Means over the channels: of |cos| between strangers, of |correlation|, of the norms. */
    strangers: mean(strangers.map(Math.abs)),
    correlation: mean(correlation.map(Math.abs)),
    gateNorm: mean(gateNorm),
    upNorm: mean(upNorm),
  };
}

/** A look at all layers. */
export interface Frame {
  readonly step: number;
  readonly layers: readonly {
    readonly gateUp: Float32Array;
    readonly channels: Channels;
    /** Largest |SwiGLU output| by channel since the last look. */
    readonly peaks: Float32Array;
  }[];
}

export type Trace = ReturnType<typeof traceOf>;

/**
 * A layer's channel of the largest SwiGLU output at the end, or of the largest |cos| then, followed back to the start: at
 * every look, and its vectors' entries at the first look after the start, and at the end. `frames` begin with the start;
 * `width` is that of the vectors.
 */
export function traceOf(frames: readonly Frame[], layer: number, width: number, kind: 'outlier' | 'aligned') {
  const last = frames.at(-1)!.layers[layer]!;
  const channel = indexOfLargest(kind === 'outlier' ? last.peaks : last.channels.cosine.map(Math.abs));
  const entries = ({ step, layers }: Frame) => {
    const { gate, up } = channelOf(layers[layer]!.gateUp, width, channel);
    return { step, gate: [...gate], up: [...up] };
  };
  const points = frames.map(({ step, layers }) => {
    const { channels, peaks } = layers[layer]!;
    return {
      step,
      cosine: channels.cosine[channel]!,
      correlation: channels.correlation[channel]!,
      gateNorm: channels.gateNorm[channel]!,
      upNorm: channels.upNorm[channel]!,
      /** Largest |SwiGLU output| of the channel over the steps since the last point; null at the start. */
      peak: step === 0 ? null : peaks[channel]!,
    };
  });
  const early = entries(frames[Math.min(1, frames.length - 1)]!);
  return { layer, kind, channel, points, early, late: entries(frames.at(-1)!) };
}

function indexOfLargest(values: Float32Array | Float64Array): number {
  let best = 0;
  for (const [i, value] of values.entries()) if (value > values[best]!) best = i;
  return best;
}
