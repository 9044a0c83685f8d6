/** @file A model looked at, as lines of a table and as objects of `--json`. */
import type { InspectEvent, ListedTensor, SwiGluFindings, TensorFindings } from '@octavo/exchange';
import { digits, plural, printable, short } from './format.ts';

/** The table of tensors, a line at a time; names decide the width of the first column. */
export function tensorTable(tensors: readonly ListedTensor[]): {
  readonly head: string;
  line(tensor: TensorFindings): string;
} {
  const label = ({ name, role }: Pick<ListedTensor, 'name' | 'role'>): string =>
    printable(role === null || role === 'weight' ? name : `${name} (${role})`);
  const shapeOf = ({ shape }: Pick<ListedTensor, 'shape'>): string => `[${shape.join(', ')}]`;
  const widest = (cell: (tensor: ListedTensor) => string, least: number): number =>
    Math.min(
      80,
      tensors.reduce((most, tensor) => Math.max(most, cell(tensor).length), least),
    );
  const [first, second, third] = [widest(label, 6), widest(({ dtype }) => dtype, 4), widest(shapeOf, 5)];
  const row = (name: string, dtype: string, shape: string, numbers: readonly string[]): string =>
    [
      name.padEnd(first),
      dtype.padEnd(second),
      shape.padEnd(third),
      ...numbers.map((text, i) => text.padStart(WIDTHS[i]!)),
    ]
      .join('  ')
      .trimEnd();
  return {
    head: row('tensor', 'type', 'shape', [
      ...['amax', 'rms', 'kurtosis', 'range'],
      ...['SQNR dB', 'clipped', 'to zero', ''],
    ]),
    line(tensor) {
      const { measured, skipped, decoded, dtype } = tensor;
      const cells = measured ? numbersOf(measured) : ['', '', '', '', '', '', ''];
      const said = [...(measured ? countsOf(measured) : [`not measured: ${skipped}`]), decoded ?? ''];
      const text = said.filter((part) => part !== '').join('; ');
      return row(label(tensor), printable(dtype), shapeOf(tensor), [...cells, text]);
    },
  };
}

const WIDTHS = [8, 8, 8, 6, 8, 8, 8, 0];

type Measured = NonNullable<TensorFindings['measured']>;

function numbersOf({ elements, amax, rms, kurtosis, dynamicRange, cast }: Measured): string[] {
  const share = (count: number): string => (count === 0 ? '0' : `${digits((100 * count) / elements)}%`);
  return [
    ...[
      digits(amax),
      digits(rms),
      kurtosis === null ? '-' : kurtosis < 1000 ? kurtosis.toFixed(2) : digits(kurtosis),
    ],
    dynamicRange === null ? '-' : dynamicRange.toFixed(1),
    cast.sqnr === Number.POSITIVE_INFINITY ? 'exact' : cast.sqnr.toFixed(1),
    ...[share(cast.clipped), share(cast.underflowed)],
  ];
}

const countsOf = ({ elements, nans, infinities }: Measured): string[] => [
  ...(nans > 0 ? [`${short(nans)} NaN`] : []),
  ...(infinities > 0 ? [`${short(infinities)} infinite`] : []),
  ...(elements === 0 ? ['empty'] : []),
];

/** Lines of one SwiGLU: how aligned, which channels most, what smoothing would do. */
export function swigluLines(found: SwiGluFindings, top: number): string {
  const { place, channels, cosineMean, cosineMax, aligned, smoothing } = found;
  const cosine = (value: number): string => value.toFixed(3);
  const most = topChannels(found, top)
    .map(({ channel, cosine: value }) => `${channel} (${cosine(value)})`)
    .join(', ');
  const head = `${printable(place)}: mean |cos| ${cosine(cosineMean)}, largest ${cosine(cosineMax)}, ${plural(aligned, 'channel')} of ${channels} above 0.9; most aligned: ${most}`;
  if (smoothing === null) return head;
  const { scales, up, down } = smoothing;
  const powers = scales.map(Math.log2);
  const decibels = ({ sqnr, smoothed }: { sqnr: number; smoothed: number }): string =>
    `${sqnr.toFixed(1)} → ${smoothed.toFixed(1)} dB`;
  return `${head}\n  smoothing by 2^${powers.reduce((a, b) => Math.min(a, b), 0)} to 2^${powers.reduce((a, b) => Math.max(a, b), 0)}: up ${decibels(up)}, down ${decibels(down)}`;
}

/** The most aligned channels. */
export const topChannels = (
  { order, cosines, gateNorms, upNorms, downNorms, smoothing }: SwiGluFindings,
  top: number,
) =>
  Array.from(order.subarray(0, top), (channel) => ({
    channel,
    cosine: cosines[channel]!,
    gateNorm: gateNorms[channel]!,
    upNorm: upNorms[channel]!,
    downNorm: downNorms?.[channel] ?? null,
    scale: smoothing?.scales[channel] ?? null,
  }));

/** What `--json` says of an event. */
export function inspectedObject(event: InspectEvent, top: number): object {
  if (event.kind === 'note') return { event: 'note', message: event.note };
  if (event.kind === 'tensor') {
    const { measured, ...about } = event.tensor;
    const { elements: _, cast, ...survey } = measured ?? {};
    return { event: 'tensor', ...about, ...survey, ...cast };
  }
  const {
    cosines,
    gateNorms: _,
    upNorms: __,
    downNorms: ___,
    order: ____,
    smoothing,
    ...about
  } = event.swiglu;
  return {
    ...{ event: 'swiglu', ...about, mostAligned: topChannels(event.swiglu, top) },
    cosines: Array.from(cosines),
    smoothing: smoothing && { ...smoothing, scales: Array.from(smoothing.scales) },
  };
}
