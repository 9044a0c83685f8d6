/** @file How runs ended, a row each. */
import { commonTokens, finalLoss, lossAt, tokensSeen } from '../charts/endings.ts';
import { bytes, count, digits, greatest, known, median, plural } from '../charts/numbers.ts';
import type { RunInput } from '../read/read-run.ts';
import { type Html, html } from './html.ts';
import { type Column, table } from './parts.ts';

export function runsTable(inputs: readonly RunInput[]): Html {
  const common = commonTokens(inputs.map(({ run }) => run));
  const number = (name: string, cell: (input: RunInput) => string): Column<RunInput> => ({
    name,
    kind: 'number',
    cell,
  });
  const columns: Column<RunInput>[] = [
    { name: 'run', cell: ({ run }) => run.name },
    { name: 'recipe', cell: ({ run }) => html`<code>${run.recipe}</code>` },
    number('seed', ({ run }) => String(run.seed)),
    number('steps', stepsDone),
    number('loss', ({ run }) => digits(finalLoss(run.steps)?.loss)),
    ...(common === null
      ? []
      : [number(`at ${count(common.tokens)} tokens`, ({ run }) => digits(lossAt(run, common.tokens)?.loss))]),
    number('held out', ({ run }) => digits(run.evaluations.at(-1)?.loss)),
    number('tokens', ({ run }) => count(tokensSeen(run))),
    number('tokens/s', ({ run }) => speed(run.steps)),
    number('peak memory', ({ run }) => peak(run.steps)),
  ];
  const overs = new Set(inputs.map(({ run }) => finalLoss(run.steps)?.over ?? 0));
  const over = overs.size === 1 ? [...overs][0]! : null;
  return html`${table(columns, inputs)}<p class="soft">Losses in nats per token; <em>loss</em> is the mean of the last ${over === null ? 'steps (a twentieth of them, five at least)' : plural(over, 'step')}${common === null ? null : html`, <em>at ${count(common.tokens)} tokens</em> the same where ${common.run} ends, as far as all runs came`}, <em>tokens/s</em> the median of all, <em>peak memory</em> that of the device’s tensors.</p>\n`;
}

/** `60`; `37 of 60` for a run that is under way or was stopped. */
export function stepsDone({ run, record: { plan } }: RunInput): string {
  const done = run.steps.at(-1)?.step ?? 0;
  return done >= plan.steps ? count(done) : `${count(done)} of ${count(plan.steps)}`;
}

function speed(steps: RunInput['run']['steps']): string {
  const middle = median(known(steps.map((step) => step.tokens_per_second)));
  return middle === null ? '' : count(Number(middle.toPrecision(3)));
}

function peak(steps: RunInput['run']['steps']): string {
  const held = known(steps.map((step) => step.peak_memory));
  return held.length === 0 ? '' : bytes(greatest(held));
}
