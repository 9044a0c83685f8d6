/** @file The settings that made runs, side by side; what differs stands out. */
import { type CastRecipe, castName } from '@octavo/nn';
import { count, digits } from '../charts/numbers.ts';
import type { RunInput } from '../read/read-run.ts';
import type { RunRecord } from '../read/run-record.ts';
import { type Html, html } from './html.ts';
import { folded, properties } from './parts.ts';

export function settingsTable(inputs: readonly RunInput[]): Html {
  const runs = inputs.map(({ record }) => settingsOf(record));
  const rows = Object.keys(runs[0]!).map((name) => [name, runs.map((run) => run[name]!)] as const);
  const names = inputs.map(({ run }) => run.name);
  return html`${properties(names, rows)}${inputs.map(({ run, text }) => folded(`run.json of ${run.name}`, text))}`;
}

/** By what they are called in the table. */
export function settingsOf({ plan, settings, facts }: RunRecord): Readonly<Record<string, string>> {
  const { model, recipe, batch, accumulation, sequence, schedule, adam, clip } = plan;
  const { master, moment1, moment2 } = recipe.optimizer;
  const { output, gradInput } = recipe.linear;
  const castOf = (operand: string, cast: CastRecipe | null): string =>
    `${operand} ${cast ? castName(cast) : recipe.activations}`;
  return {
    model: [settings.model.name, ...(facts ? [`${count(facts.parameters)} parameters`] : [])].join(', '),
    shape: `${model.layers} layers, hidden ${model.hiddenSize}, FFN ${model.ffnSize}, ${model.heads} heads (${model.keyValueHeads} of keys), ${count(model.vocabularySize)} tokens`,
    recipe: `${recipe.name}: ${recipe.summary}`,
    'casts forward': `${castOf('input', output.input)}; ${castOf('weight', output.weight)}`,
    'cast of gradients': castOf('grad', gradInput.grad),
    'Smooth-SwiGLU': recipe.smoothSwiglu,
    'optimizer’s formats': `master ${master}, moments ${moment1} and ${moment2}`,
    batch: `${[batch, ...(accumulation > 1 ? [accumulation] : []), sequence].join(' × ')} = ${count(batch * accumulation * sequence)} tokens a step`,
    'learning rate': `${digits(schedule.peak, 2)}, ${schedule.kind}, ${count(schedule.warmup)} steps of warm-up${schedule.floor === undefined ? '' : `, to ${digits(schedule.floor, 2)} of it`}`,
    steps: count(plan.steps),
    AdamW: `β ${adam.beta1} and ${adam.beta2}, ε ${digits(adam.epsilon, 1)}, weight decay ${adam.weightDecay}, ${clip > 0 ? `clipped to norm ${clip}` : 'no clipping'}`,
    seed: String(plan.seed),
    text: (settings.data.train ?? [facts?.corpus.description ?? 'the default corpus']).join(', '),
    tokenizer: settings.data.tokenizer,
    'sampled, evaluated': `tensors ${every(plan.sampleEvery)}, held-out text ${every(plan.evaluateEvery)}`,
    guard: plan.guard?.policy ?? 'off',
    machine: facts?.device ?? '',
    software: facts ? `octavo ${facts.octavo}, Node ${facts.node}` : '',
    started: facts?.started ?? '',
  };
}

const every = (steps: number): string =>
  steps === 0 ? 'not by steps' : steps === 1 ? 'every step' : `every ${steps} steps`;
