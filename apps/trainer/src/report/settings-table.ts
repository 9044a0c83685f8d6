/** @file The settings that made runs, side by side; what differs stands out. */
import type { Recipe } from '@octavo/nn';
import { type Html, html } from './html.ts';
import { count, digits } from './numbers.ts';
import { folded } from './parts.ts';
import type { RunInput } from './read-run.ts';

type Line = readonly [name: string, value: (input: RunInput) => string];

const LINES: readonly Line[] = [
  [
    'model',
    ({ settings: { model }, facts }) =>
      [model.name, facts && `${count(facts.parameters)} parameters`].filter(Boolean).join(', '),
  ],
  [
    'shape',
    ({ settings: { model } }) => {
      const { layers, hiddenSize, ffnSize, heads, keyValueHeads, vocabularySize } = model.config;
      return `${layers} layers, hidden ${hiddenSize}, FFN ${ffnSize}, ${heads} heads (${keyValueHeads} of keys), ${count(vocabularySize)} tokens`;
    },
  ],
  ['recipe', ({ settings: { recipe } }) => `${recipe.name}: ${recipe.summary}`],
  ['casts forward', ({ settings: { recipe } }) => castsOf(recipe, 'output', ['input', 'weight'])],
  ['cast of gradients', ({ settings: { recipe } }) => castsOf(recipe, 'gradInput', ['grad'])],
  ['Smooth-SwiGLU', ({ settings: { recipe } }) => recipe.smoothSwiglu],
  [
    'optimizer’s formats',
    ({ settings: { recipe } }) => {
      const { master, moment1, moment2 } = recipe.optimizer;
      return `master ${master}, moments ${moment1} and ${moment2}`;
    },
  ],
  [
    'batch',
    ({ settings: { knobs } }) => {
      const { batch, accumulation, sequence } = knobs;
      const parts = [batch, ...(accumulation > 1 ? [accumulation] : []), sequence];
      return `${parts.join(' × ')} = ${count(batch * accumulation * sequence)} tokens a step`;
    },
  ],
  [
    'learning rate',
    ({ settings: { knobs } }) =>
      `${digits(knobs.learningRate, 2)}, ${knobs.schedule}, ${count(knobs.warmup)} steps of warm-up${knobs.schedule === 'constant' ? '' : `, to ${digits(knobs.floor, 2)} of it`}`,
  ],
  ['steps', ({ settings: { knobs } }) => count(knobs.steps)],
  [
    'AdamW',
    ({ settings: { knobs } }) =>
      `β ${knobs.beta1} and ${knobs.beta2}, ε ${digits(knobs.epsilon, 1)}, weight decay ${knobs.weightDecay}, ${knobs.clip > 0 ? `clipped to norm ${knobs.clip}` : 'no clipping'}`,
  ],
  ['seed', ({ settings: { knobs } }) => String(knobs.seed)],
  [
    'text',
    ({ settings: { data }, facts }) =>
      (data.train ?? [facts?.corpus.description ?? 'the default corpus']).join(', '),
  ],
  ['tokenizer', ({ settings: { data } }) => data.tokenizer],
  [
    'sampled, evaluated',
    ({ settings: { knobs } }) =>
      `tensors ${every(knobs.sampleEvery)}, held-out text ${every(knobs.evaluateEvery)}`,
  ],
  ['guard', ({ settings: { knobs } }) => knobs.guard],
  ['machine', ({ facts }) => facts?.device ?? ''],
  ['software', ({ facts }) => (facts ? `octavo ${facts.octavo}, Node ${facts.node}` : '')],
  ['started', ({ facts }) => facts?.started ?? ''],
];

const every = (steps: number): string =>
  steps === 0 ? 'not by steps' : steps === 1 ? 'every step' : `every ${steps} steps`;

function castsOf(recipe: Recipe, product: 'output' | 'gradInput', operands: readonly string[]): string {
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
  const rows = LINES.map(([name, value]) => {
    const values = inputs.map(value);
    const differs = new Set(values).size > 1;
    const cells = values.map(
      (text, i) =>
        html`<td${differs ? html` class="differs"` : null}${inputs.length > 1 ? html` data-label="${inputs[i]!.run.name}"` : null}>${text}</td>`,
    );
    return html`<tr><th>${name}</th>${cells}</tr>`;
  });
  const head =
    inputs.length > 1
      ? html`<thead><tr><th></th>${inputs.map(({ run }) => html`<th>${run.name}</th>`)}</tr></thead>`
      : null;
  return html`<div class="wide"><table>${head}<tbody>${rows}</tbody></table></div>
${inputs.map(({ run, record }) => folded(`run.json of ${run.name}`, record))}`;
}
