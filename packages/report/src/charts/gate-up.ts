/** @file The channel whose gate and up vectors are most aligned, picked out of a layer's weights. */

/** Gate and up vectors of one channel, as they were at one step. */
export interface GateUp {
  readonly step: number;
  readonly layer: number;
  readonly channel: number;
  readonly cosine: number;
  readonly gate: Float32Array;
  readonly up: Float32Array;
}

/** Cosines of gate and up, a channel each. `gateUp` is `[2F, D]`: gate rows, then up rows. */
export function cosinesOf(gateUp: Float32Array, hidden: number): Float64Array {
  const channels = gateUp.length / hidden / 2;
  return Float64Array.from({ length: channels }, (_, channel) => {
    const { gate, up } = channelOf(gateUp, hidden, channel);
    let [dot, gates, ups] = [0, 0, 0];
    for (let i = 0; i < hidden; i++) {
      dot += gate[i]! * up[i]!;
      gates += gate[i]! ** 2;
      ups += up[i]! ** 2;
    }
    return gates > 0 && ups > 0 ? dot / Math.sqrt(gates * ups) : 0;
  });
}

/** The channel of largest |cos|. */
export function mostAligned(cosines: Float64Array): number {
  let best = 0;
  for (let i = 1; i < cosines.length; i++) if (Math.abs(cosines[i]!) > Math.abs(cosines[best]!)) best = i;
  return best;
}

export function channelOf(
  gateUp: Float32Array,
  hidden: number,
  channel: number,
): { readonly gate: Float32Array; readonly up: Float32Array } {
  const row = (index: number) => gateUp.slice(index * hidden, (index + 1) * hidden);
  return { gate: row(channel), up: row(gateUp.length / hidden / 2 + channel) };
}
