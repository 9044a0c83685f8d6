/** @file What is published of a device: peaks, each with its source. */

/** A figure and where it is published. */
export interface Published {
  readonly value: number;
  readonly source: string;
}

/** Peaks of one device, dense, in base units: FLOP/s, bytes, bytes/s. One direction of a link. */
export interface Hardware {
  readonly name: string;
  readonly title: string;
  /** Of matrix units, by the bits of the wider operand; formats without an entry run as the next wider. */
  readonly matrix: Readonly<Partial<Record<'8' | '16' | '32', Published>>>;
  /** Of everything else that computes. */
  readonly vector: Published;
  readonly memory: Published;
  readonly bandwidth: Published;
  /** Devices of one node, and what each sends to the others there. */
  readonly node: { readonly devices: number; readonly bandwidth: Published };
  /** What each device sends beyond its node. */
  readonly network: Published;
  /** What a fused attention computes of the scores: those before a token, or all, of which it hides the later ones. */
  readonly attention: { readonly value: 'causal' | 'whole'; readonly source: string };
}

/** FLOP/s of a product of operands of at most so many bits. */
export function matrixPeak({ matrix }: Hardware, bits: number): number {
  const widths = (['8', '16', '32'] as const).filter((width) => Number(width) >= bits && matrix[width]);
  return matrix[widths[0] ?? '32']?.value ?? Math.min(...Object.values(matrix).map(({ value }) => value));
}
