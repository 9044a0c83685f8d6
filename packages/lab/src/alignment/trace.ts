/** @file One channel's gate and up vectors over a run: the channels that stand out at the end, followed back to its start. */
import { type Channels, entriesOf } from './channels.ts';

/** A layer's channel of the largest SwiGLU output at the end, or of the largest |cos| then, followed back to the start. */
export interface Trace {
  readonly layer: number;
  readonly kind: 'outlier' | 'aligned';
  readonly channel: number;
  readonly points: readonly {
    readonly step: number;
    readonly cosine: number;
    readonly correlation: number;
    readonly gateNorm: number;
    readonly upNorm: number;
    /** Largest |SwiGLU output| of the channel over the steps since the last point; null at the start. */
    readonly peak: number | null;
  }[];
  /** Its vectors' entries at the first look after the start, and at the end. */
  readonly early: Entries;
  readonly late: Entries;
}

export interface Entries {
  readonly step: number;
  readonly gate: readonly number[];
  readonly up: readonly number[];
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

/** `frames` begin with the start; `width` is that of the vectors. */
export function traceOf(frames: readonly Frame[], layer: number, width: number, kind: Trace['kind']): Trace {
  const last = frames.at(-1)!.layers[layer]!;
  const channel = indexOfLargest(kind === 'outlier' ? last.peaks : last.channels.cosine.map(Math.abs));
  const entries = ({ step, layers }: Frame): Entries => ({
    step,
    ...entriesOf(layers[layer]!.gateUp, width, channel),
  });
  return {
    layer,
    kind,
    channel,
    points: frames.map(({ step, layers }) => {
      const { channels, peaks } = layers[layer]!;
      return {
        step,
        cosine: channels.cosine[channel]!,
        correlation: channels.correlation[channel]!,
        gateNorm: channels.gateNorm[channel]!,
        upNorm: channels.upNorm[channel]!,
        peak: step === 0 ? null : peaks[channel]!,
      };
    }),
    early: entries(frames[Math.min(1, frames.length - 1)]!),
    late: entries(frames.at(-1)!),
  };
}

function indexOfLargest(values: Float32Array | Float64Array): number {
  let best = 0;
  for (const [i, value] of values.entries()) if (value > values[best]!) best = i;
  return best;
}
