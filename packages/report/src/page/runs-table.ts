/** @file How runs ended, a row each. */
import { finalLoss, median } from '../charts/ending.ts';
import { commonTokens, lossAt, tokensSeen } from '../charts/equal-tokens.ts';
import { plural } from '../charts/words.ts';
import type { RunInput } from '../read/read-run.ts';
import { type Html, html } from './html.ts';
import { bytes, count, digits } from './numbers.ts';
import { type Column, table } from './parts.ts';

export function runsTable(inputs: readonly RunInput[]): Html {
  const common = commonTokens(inputs.map(({ run }) => run));
  const columns: Column<RunInput>[] = [
    { name: 'run', cell: ({ run }) => run.name },
    { name: 'recipe', cell: ({ run }) => html`<code>${run.recipe}</code>` },
    { name: 'seed', kind: 'number', cell: ({ run }) => String(run.seed) },
    { name: 'steps', kind: 'number', cell: stepsDone },
    { name: 'loss', kind: 'number', cell: ({ run }) => digits(finalLoss(run.steps)?.loss) },
    ...(common === null
      ? []
      : [
          {
            name: `at ${count(common.tokens)} tokens`,
            kind: 'number' as const,
            cell: ({ run }: RunInput) => digits(lossAt(run, common.tokens)?.loss),
          },
        ]),
    {
      name: 'held out',
      kind: 'number',
      cell: ({ run }) => digits(run.evaluations.at(-1)?.loss),
    },
    {
      name: 'tokens',
      kind: 'number',
      cell: ({ run }) => count(tokensSeen(run)),
    },
    { name: 'tokens/s', kind: 'number', cell: ({ run }) => speed(run.steps) },
    { name: 'peak memory', kind: 'number', cell: ({ run }) => bytes(peak(run.steps)) },
  ];
  const overs = new Set(inputs.map(({ run }) => finalLoss(run.steps)?.over ?? 0));
  const over = overs.size === 1 ? [...overs][0]! : null;
  return html`${table(columns, inputs)}<p class="soft">Losses in nats per token; <em>loss</em> is the mean of the last ${over === null ? 'steps (a twentieth of them, five at least)' : plural(over, 'step')}${common === null ? null : html`, <em>at ${count(common.tokens)} tokens</em> the same where ${common.run} ends, as far as all runs came`}, <em>tokens/s</em> the median of all, <em>peak memory</em> that of the device’s tensors.</p>\n`;
}

/** `60`, or `37 of 60` of a run that goes on, or was stopped. */
export function stepsDone({ run, record: { plan } }: RunInput): string {
  const done = run.steps.at(-1)?.step ?? 0;
  return done >= plan.steps ? count(done) : `${count(done)} of ${count(plan.steps)}`;
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
