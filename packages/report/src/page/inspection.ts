/** @file The report of a model that was looked at: what stands out, its tensors, its SwiGLUs. */
import { cosineMap, smoothingChart } from '../charts/cosine-map.ts';
import {
  type AlignedChannel,
  type Inspection,
  type MeasuredTensor,
  measuredOf,
  mostAlignedOf,
} from '../charts/inspection-facts.ts';
import { inspectionFindings } from '../charts/inspection-findings.ts';
import { count, digits, figure, plural } from '../charts/numbers.ts';
import { tensorStrips } from '../charts/tensor-strips.ts';
import { html } from './html.ts';
import { type Column, findings, type Picture, type Section, table } from './parts.ts';
import type { Report } from './report.ts';

/** Rows of a table; of a larger model those with least signal over noise. */
const ROWS = 60;
const CHANNELS = 15;

export function inspectionReport(inspection: Inspection): Report {
  const { path, kind, cast, tensors, swiglus, notes } = inspection;
  const measured = measuredOf(tensors);
  const values = tensors.reduce((sum, { elements }) => sum + elements, 0);
  const said = notes.map((text) => ({ kind: 'look' as const, text }));
  const picture = (name: string, chart: object | null, caption: string): Picture[] =>
    chart ? [{ name, chart, caption }] : [];
  return {
    title: `Inside ${path.replace(/^.*[\\/](?=[^\\/])/, '')}`,
    lead: html`<p>${kind} <code>${path}</code>: ${plural(tensors.length, 'tensor')}, ${count(values)} values. Cast to <code>${cast}</code>: format, policy of the scale, which values share one.</p>\n`,
    sections: [
      {
        id: 'findings',
        title: 'What stands out',
        content: [findings([...inspectionFindings(inspection), ...said])],
      },
      {
        id: 'tensors',
        title: 'Tensors',
        content: [
          ...picture(
            'tensors',
            tensorStrips(measured, cast),
            'Kurtosis is E[x⁴] / E[x²]²: 3 for a normal distribution. SQNR is the signal over the noise that the cast adds: a bit of mantissa is worth 6 dB.',
          ),
          ...tensorTables(inspection, measured),
        ],
      },
      ...(swiglus.length === 0 ? [] : [swigluSection(inspection, picture)]),
    ],
    overview: null,
  };
}

function tensorTables({ tensors }: Inspection, measured: readonly MeasuredTensor[]): Section['content'] {
  const few = measured.length > ROWS;
  const shown = few
    ? [...measured].sort((a, b) => a.measured.cast.sqnr - b.measured.cast.sqnr).slice(0, ROWS)
    : measured;
  const number = (name: string, cell: (tensor: MeasuredTensor) => string): Column<MeasuredTensor> => ({
    ...{ name, kind: 'number', cell },
  });
  const share = (part: number, { elements }: MeasuredTensor): string => digits((100 * part) / elements, 3);
  const columns: Column<MeasuredTensor>[] = [
    {
      name: 'tensor',
      cell: ({ name, role, decoded }) =>
        html`${name}${role === null || role === 'weight' ? null : ` (${role})`}${decoded === null ? null : html` <span class="soft">${decoded}</span>`}`,
    },
    { name: 'type', cell: ({ dtype }) => dtype },
    { name: 'shape', kind: 'whole', cell: ({ shape }) => shape.join(' × ') },
    number('amax', ({ measured: { amax } }) => figure(amax)),
    number('rms', ({ measured: { rms } }) => figure(rms)),
    number('kurtosis', ({ measured: { kurtosis } }) => (kurtosis === null ? '' : figure(kurtosis))),
    number('range, bits', ({ measured: { dynamicRange } }) => dynamicRange?.toFixed(1) ?? ''),
    number('SQNR, dB', ({ measured: { cast } }) =>
      Number.isFinite(cast.sqnr) ? cast.sqnr.toFixed(1) : 'exact',
    ),
    number('clipped, %', (tensor) => share(tensor.measured.cast.clipped, tensor)),
    number('to zero, %', (tensor) => share(tensor.measured.cast.underflowed, tensor)),
  ];
  const others = tensors.filter((tensor) => tensor.measured === null);
  return [
    ...(shown.length > 0 ? [table(columns, shown)] : []),
    ...(few
      ? [
          html`<p class="soft">The ${ROWS} with least signal over noise, of ${plural(measured.length, 'tensor')}; all are in <code>tensors.arrow</code>.</p>\n`,
        ]
      : []),
    ...(others.length > 0
      ? [
          html`<p class="soft">Not measured: ${others
            .slice(0, 20)
            .map(({ name, skipped }) => `${name} (${skipped})`)
            .join(', ')}${others.length > 20 ? `, and ${others.length - 20} more` : null}.</p>\n`,
        ]
      : []),
  ];
}

function swigluSection(
  { swiglus }: Inspection,
  picture: (name: string, chart: object | null, caption: string) => Picture[],
): Section {
  const number = (name: string, cell: (one: AlignedChannel) => string): Column<AlignedChannel> => ({
    ...{ name, kind: 'number', cell },
  });
  const columns: Column<AlignedChannel>[] = [
    { name: 'SwiGLU', cell: ({ place }) => place },
    number('channel', ({ channel }) => String(channel)),
    number('cos(gate, up)', ({ cosine }) => cosine.toFixed(4).replace('-', '−')),
    number('‖gate‖', ({ gateNorm }) => figure(gateNorm)),
    number('‖up‖', ({ upNorm }) => figure(upNorm)),
    number('‖down‖', ({ downNorm }) => (downNorm === null ? '' : figure(downNorm))),
    number('smoothing', ({ scale }) => (scale === null ? '' : figure(scale))),
  ];
  return {
    id: 'swiglu',
    title: 'Gate and up',
    content: [
      ...picture(
        'cosines',
        cosineMap(swiglus),
        'Where a channel’s gate and up vectors are aligned SwiGLU is quadratic in it, and its output can be huge (arXiv 2409.12517, section 4). Large norms make it worse.',
      ),
      table(columns, mostAlignedOf(swiglus, CHANNELS)),
      ...picture(
        'smoothing',
        smoothingChart(swiglus),
        'This is the error of the weights alone. What smoothing is for, outliers in SwiGLU’s output, is seen with text: octavo convert --fold-smooth, octavo eval.',
      ),
    ],
  };
}
