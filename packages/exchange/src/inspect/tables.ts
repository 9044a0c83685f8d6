/** @file What was found as three Arrow files; every column with its unit and its meaning. */
import { join } from 'node:path';
import { createTable, optional, required } from '@octavo/store';
import type { SwiGluFindings } from './alignment.ts';
import type { InspectEvent, TensorFindings } from './inspect.ts';

const values = 'units of the tensor';

/** `tensors.arrow`: one row a tensor; numbers are absent where it was not measured. */
export const inspectedTensors = {
  name: required('utf8', 'Name of the tensor in its file.'),
  role: optional('utf8', 'What a checkpoint has it for: weight, master, moment1, …; absent in other files.'),
  dtype: required('utf8', 'What its elements are stored in, in the words of the file.'),
  shape: required('utf8', 'Its axes, as a JSON list.', 'elements'),
  elements: required('int64', 'How many values it has.', 'elements'),
  decoded: optional(
    'utf8',
    'Scales that its codes were multiplied by before all else; absent where there are none.',
  ),
  skipped: optional('utf8', 'Why it was not measured; absent where it was.'),
  amax: optional('float64', 'Largest finite absolute value.', values),
  smallest: optional('float64', 'Smallest absolute value that is not zero; 0 where there is none.', values),
  rms: optional('float64', 'Root of the mean square of its finite values.', values),
  kurtosis: optional('float64', 'E[x⁴] / E[x²]², uncentred; absent where all is zero.', '1 (ratio)'),
  dynamic_range: optional('float64', 'log2(amax / smallest); absent where all is zero.', 'bits'),
  zeros: optional('int64', 'Values that are zero.', 'elements'),
  nans: optional('int64', 'Values that are not a number.', 'elements'),
  infinities: optional('int64', 'Values that are infinite.', 'elements'),
  sqnr: optional(
    'float64',
    'Signal to quantisation noise of the cast; infinite where nothing is lost.',
    'decibels',
  ),
  mse: optional('float64', 'Mean square error of the cast.', 'units of the tensor, squared'),
  clipped: optional('int64', 'Values beyond the format’s largest number after scaling.', 'elements'),
  underflowed: optional('int64', 'Values that are not zero and are after the cast.', 'elements'),
  scale: optional(
    'float64',
    'What the cast multiplies by; absent where there are several scales.',
    '1 (factor)',
  ),
  scales: optional('int64', 'How many scales the cast has.', 'scales'),
} as const;

const place = {
  place: required('utf8', 'What the names of gate, up and down share.'),
  layer: optional('int32', 'Transformer layer, the first is 0; absent where the name has none.', 'index'),
};

/** `swiglus.arrow`: one row a SwiGLU. */
export const inspectedSwiglus = {
  ...place,
  channels: required('int64', 'How many channels it has.', 'channels'),
  abs_cosine_mean: required('float64', 'Mean of |cos(gate, up)| over its channels.', '1 (cosine)'),
  abs_cosine_max: required('float64', 'Largest |cos(gate, up)|.', '1 (cosine)'),
  abs_cosine_above: required('int64', 'Channels with |cos(gate, up)| above 0.9.', 'channels'),
  up_sqnr: optional('float64', 'SQNR of the cast of up as it is; absent without down.', 'decibels'),
  up_sqnr_smoothed: optional('float64', 'The same with the smoothing scales in it.', 'decibels'),
  down_sqnr: optional('float64', 'SQNR of the cast of down as it is; absent without down.', 'decibels'),
  down_sqnr_smoothed: optional('float64', 'The same with the smoothing scales out of it.', 'decibels'),
} as const;

/** `channels.arrow`: one row a channel of a SwiGLU. */
export const inspectedChannels = {
  ...place,
  channel: required('int32', 'Channel of the SwiGLU, the first is 0.', 'index'),
  cosine: required('float64', 'cos of its gate and up vectors; 0 where either is zero.', '1 (cosine)'),
  gate_norm: required('float64', 'L2 norm of its row of gate.', values),
  up_norm: required('float64', 'L2 norm of its row of up.', values),
  down_norm: optional('float64', 'L2 norm of its column of down; absent without down.', values),
  smoothing: optional(
    'float64',
    'Power of two that multiplies its row of up and divides its column of down.',
    '1 (factor)',
  ),
} as const;

/** Gathers what is found; `write` puts the files into a folder and gives their names. `metadata` say what was inspected. */
export function inspectionTables(metadata: Readonly<Record<string, string>>) {
  const tensors: ReturnType<typeof tensorRow>[] = [];
  const swiglus: ReturnType<typeof swigluRow>[] = [];
  const channels = createTable(inspectedChannels, metadata);
  return {
    add(event: InspectEvent): void {
      if (event.kind === 'tensor') tensors.push(tensorRow(event.tensor));
      if (event.kind !== 'swiglu') return;
      swiglus.push(swigluRow(event.swiglu));
      channels.append(channelRows(event.swiglu));
    },
    async write(folder: string): Promise<readonly string[]> {
      const files = {
        'tensors.arrow': createTable(inspectedTensors, metadata),
        'swiglus.arrow': createTable(inspectedSwiglus, metadata),
        'channels.arrow': channels,
      };
      files['tensors.arrow'].append(tensors);
      files['swiglus.arrow'].append(swiglus);
      for (const [name, table] of Object.entries(files)) await table.write(join(folder, name));
      return Object.keys(files);
    },
  };
}

function tensorRow({ measured, shape, ...about }: TensorFindings) {
  const { cast, dynamicRange = null, ...survey } = measured ?? {};
  return { ...about, shape: JSON.stringify(shape), ...survey, dynamic_range: dynamicRange, ...cast };
}

const swigluRow = ({
  place,
  layer,
  channels,
  cosineMean,
  cosineMax,
  aligned,
  smoothing,
}: SwiGluFindings) => ({
  ...{ place, layer, channels },
  ...{ abs_cosine_mean: cosineMean, abs_cosine_max: cosineMax, abs_cosine_above: aligned },
  ...(smoothing && {
    ...{ up_sqnr: smoothing.up.sqnr, up_sqnr_smoothed: smoothing.up.smoothed },
    ...{ down_sqnr: smoothing.down.sqnr, down_sqnr_smoothed: smoothing.down.smoothed },
  }),
});

const channelRows = ({ place, layer, cosines, gateNorms, upNorms, downNorms, smoothing }: SwiGluFindings) =>
  Array.from(cosines, (cosine, channel) => ({
    ...{ place, layer, channel, cosine, gate_norm: gateNorms[channel]!, up_norm: upNorms[channel]! },
    ...{ down_norm: downNorms?.[channel] ?? null, smoothing: smoothing?.scales[channel] ?? null },
  }));
