/** @file The settings that made runs, side by side; what differs stands out. */

import { count, digits } from '../charts/words.ts';
import type { RunInput } from '../read/read-run.ts';
import type { RunRecord } from '../read/run-record.ts';
import { type Html, html } from './html.ts';
import { folded, properties } from './parts.ts';

type Line = readonly [name: string, value: (record: RunRecord) => string];

const LINES: readonly Line[] = [
  [
    'model',
    ({ settings: { model }, facts }) =>
      [model.name, facts && `${count(facts.parameters)} parameters`].filter(Boolean).join(', '),
  ],
  [
    'shape',
    ({ plan: { model } }) => {
      const { layers, hiddenSize, ffnSize, heads, keyValueHeads, vocabularySize } = model;
      return `${layers} layers, hidden ${hiddenSize}, FFN ${ffnSize}, ${heads} heads (${keyValueHeads} of keys), ${count(vocabularySize)} tokens`;
    },
  ],
  ['recipe', ({ plan: { recipe } }) => `${recipe.name}: ${recipe.summary}`],
  ['casts forward', ({ plan: { recipe } }) => castsOf(recipe, 'output', ['input', 'weight'])],
  ['cast of gradients', ({ plan: { recipe } }) => castsOf(recipe, 'gradInput', ['grad'])],
  ['Smooth-SwiGLU', ({ plan: { recipe } }) => recipe.smoothSwiglu],
  [
    'optimizer’s formats',
    ({ plan: { recipe } }) => {
      const { master, moment1, moment2 } = recipe.optimizer;
      return `master ${master}, moments ${moment1} and ${moment2}`;
    },
  ],
  [
    'batch',
    ({ plan }) => {
      const { batch, accumulation, sequence } = plan;
      const parts = [batch, ...(accumulation > 1 ? [accumulation] : []), sequence];
      return `${parts.join(' × ')} = ${count(batch * accumulation * sequence)} tokens a step`;
    },
  ],
  [
    'learning rate',
    ({ plan: { schedule } }) =>
      `${digits(schedule.peak, 2)}, ${schedule.kind}, ${count(schedule.warmup)} steps of warm-up${schedule.floor === undefined ? '' : `, to ${digits(schedule.floor, 2)} of it`}`,
  ],
  ['steps', ({ plan }) => count(plan.steps)],
  [
    'AdamW',
    ({ plan: { adam, clip } }) =>
      `β ${adam.beta1} and ${adam.beta2}, ε ${digits(adam.epsilon, 1)}, weight decay ${adam.weightDecay}, ${clip > 0 ? `clipped to norm ${clip}` : 'no clipping'}`,
  ],
  ['seed', ({ plan }) => String(plan.seed)],
  [
    'text',
    ({ settings: { data }, facts }) =>
      (data.train ?? [facts?.corpus.description ?? 'the default corpus']).join(', '),
  ],
  ['tokenizer', ({ settings: { data } }) => data.tokenizer],
  [
    'sampled, evaluated',
    ({ plan }) => `tensors ${every(plan.sampleEvery)}, held-out text ${every(plan.evaluateEvery)}`,
  ],
  ['guard', ({ plan }) => plan.watch?.policy ?? 'off'],
  ['machine', ({ facts }) => facts?.device ?? ''],
  ['software', ({ facts }) => (facts ? `octavo ${facts.octavo}, Node ${facts.node}` : '')],
  ['started', ({ facts }) => facts?.started ?? ''],
];

const every = (steps: number): string =>
  steps === 0 ? 'not by steps' : steps === 1 ? 'every step' : `every ${steps} steps`;

function castsOf(
  recipe: RunRecord['plan']['recipe'],
  product: 'output' | 'gradInput',
  operands: readonly string[],
): string {
  const casts = recipe.linear[product] as Readonly<Record<string, CastLike | null | undefined>>;
  return operands
    .map((operand) => {
      const cast = casts[operand];
      if (!cast) return `${operand} ${recipe.activations}`;
      return `${operand} ${cast.format}, ${cast.policy.kind} scale per ${cast.granularity.kind}`;
    })
    .join('; ');
}
interface CastLike {
  readonly format: string;
  readonly policy: { readonly kind: string };
  readonly granularity: { readonly kind: string };
}

export function settingsTable(inputs: readonly RunInput[]): Html {
  const names = inputs.map(({ run }) => run.name);
  const rows = LINES.map(([name, value]) => [name, inputs.map(({ record }) => value(record))] as const);
  return html`${properties(names, rows)}${inputs.map(({ run, text }) => folded(`run.json of ${run.name}`, text))}`;
}
