/** @file How runs ended, a row each. */
import { finalLoss, median } from '@octavo/lab';
import { type Html, html } from './html.ts';
import { bytes, count, digits } from './numbers.ts';
import { type Column, table } from './parts.ts';
import type { RunInput } from './read-run.ts';

export function runsTable(inputs: readonly RunInput[]): Html {
  const columns: Column<RunInput>[] = [
    { name: 'run', cell: ({ run }) => run.name },
    { name: 'recipe', cell: ({ run }) => html`<code>${run.recipe}</code>` },
    { name: 'seed', kind: 'number', cell: ({ run }) => String(run.seed) },
    { name: 'steps', kind: 'number', cell: stepsDone },
    { name: 'loss', kind: 'number', cell: ({ run }) => digits(finalLoss(run.steps)?.loss) },
    {
      name: 'held out',
      kind: 'number',
      cell: ({ run }) => digits(run.evaluations.at(-1)?.loss),
    },
    {
      name: 'tokens',
      kind: 'number',
      cell: ({ run, settings: { knobs } }) =>
        count((run.steps.at(-1)?.step ?? 0) * knobs.batch * knobs.accumulation * knobs.sequence),
    },
    { name: 'tokens/s', kind: 'number', cell: ({ run }) => speed(run.steps) },
    { name: 'peak memory', kind: 'number', cell: ({ run }) => bytes(peak(run.steps)) },
  ];
  const over = finalLoss(inputs[0]!.run.steps)?.over ?? 0;
  return html`${table(columns, inputs)}<p class="soft">Losses in nats per token; <em>loss</em> is the mean of the last ${count(over)} steps, <em>tokens/s</em> the median of all, <em>peak memory</em> that of the device’s tensors.</p>\n`;
}

/** `60`, or `37 of 60` of a run that goes on, or was stopped. */
export function stepsDone({ run, settings }: RunInput): string {
  const done = run.steps.at(-1)?.step ?? 0;
  return done >= settings.knobs.steps ? count(done) : `${count(done)} of ${count(settings.knobs.steps)}`;
}

function speed(steps: RunInput['run']['steps']): string {
  const middle = median(
    steps.flatMap(({ tokensPerSecond }) => (tokensPerSecond === null ? [] : [tokensPerSecond])),
  );
  return middle === null ? '' : count(Number(middle.toPrecision(3)));
}

const peak = (steps: RunInput['run']['steps']): number | null =>
  steps.reduce<number | null>(
    (most, { peakMemory }) => (peakMemory === null ? most : Math.max(most ?? 0, peakMemory)),
    null,
  );
