/** @file The study for people: our rows beside the paper's, where the memory is, and what held. */
import { each, page, table } from '../engine/markdown.ts';
import { mean, percent } from '../engine/numbers.ts';
import { claimSection } from '../engine/statements.ts';
import type { Claim } from '../engine/study.ts';
import { type Comparison, stateBytes } from './results.ts';
import { PAPER_SPEEDUP, PAPER_STATE, SAMPLES_PER_SECOND } from './settings.ts';

export function markdownOf(
  comparisons: readonly Comparison[],
  claims: readonly Claim[],
  about: { readonly device: string; readonly seeds: readonly number[]; readonly rounds: number },
): string {
  const { device, seeds, rounds } = about;
  const runs = seeds.length === 1 ? 'One run' : `${seeds.length} runs, each from other weights;`;
  return page(
    '# Speed and memory of a training step, by recipe',
    `Forward, backward, clipping and AdamW on ${device}. ${runs} of ${rounds} turns a recipe; the recipes`,
    "take turns within one process, and a run's figure is the median of its turns.",
    '',
    '**What this can show.** FP8 is emulated here: a CPU has no FP8 arithmetic, so an FP8 value is decoded before it is',
    'multiplied, and a product takes as long as in BF16 or a little longer. No speed-up is to be expected, and none of these',
    'ratios says what FP8 hardware would give. Memory is different: on the `simd` device an FP8 tensor is stored in one byte',
    'an element, so those bytes are real.',
    '## Speed',
    ...speedTable(comparisons),
    'The paper: micro-batch 1, ZeRO-1; its other rows are left out, since their figures could not be checked. Here: mean over',
    'the runs, ± standard error of the ratio. "products": share of a step\'s time in matrix products; "in FP8": in those of two',
    'FP8 operands. The last column is arithmetic and no measurement: the ratio if the latter had taken half their time. The',
    'head stays in BF16 and weighs far more in a small model than in Llama2 7B.',
    '## Memory',
    ...(comparisons.some(({ memory }) => memory)
      ? [
          ...memoryTable(comparisons),
          'Bytes a parameter, but for the peak of a step.',
          '',
          `State: master weights and both moments, ${PAPER_STATE.bf16} against ${PAPER_STATE['fp8-full']} bytes in the paper. The peak holds`,
          'activations too. For the backward pass FP8 keeps a byte an element of what goes into linear layers; the residual stream,',
          'q, k, v, gate, up and the logits stay in BF16, so the larger the batch, the less is saved. Nothing is sharded here, where the',
          "paper's state is divided among 8 devices: the two savings do not come from the same bytes.",
        ]
      : [
          'Not measured: this device does not store a format in as many bytes as it has. Use `--device simd`.',
        ]),
    ...claimSection(claims, (v) => v.toFixed(3)),
  );
}

function speedTable(comparisons: readonly Comparison[]): string[] {
  const unknown = { products: null, fp8Products: null, withFastProducts: null };
  const ofPaper = Object.entries(SAMPLES_PER_SECOND).map(([recipe, samples]) => ({
    ...{ recipe, ...unknown },
    who: 'the paper, Llama2 7B on 8 Gaudi2',
    speed: `${samples} samples/s`,
    ratio: String(PAPER_SPEEDUP),
  }));
  const here = comparisons.map(({ tokensPerSecond, ratio: { mean: ratio, error }, ...one }) => ({
    ...one,
    who: one.name,
    speed: `${mean(tokensPerSecond).toFixed(0)} tokens/s`,
    ratio: `${ratio.toFixed(3)}${error === null ? '' : ` ± ${error.toFixed(3)}`}`,
  }));
  return table<(typeof ofPaper | typeof here)[number]>(
    [...ofPaper, ...here],
    [
      ['', ({ who, recipe }) => `${who}, \`${recipe}\``],
      ['speed', ({ speed }) => speed],
      ['of bf16', ({ recipe, ratio }) => (recipe === 'bf16' ? '1' : ratio)],
      ['products', ({ products }) => percent(products, 0)],
      ['in FP8', ({ fp8Products }) => percent(fp8Products, 0)],
      ['if those took half', ({ withFastProducts }) => withFastProducts?.toFixed(2) ?? '–'],
    ],
  );
}

function memoryTable(comparisons: readonly Comparison[]): string[] {
  const rows = comparisons.flatMap(({ name, recipe, memory, peakChange }) => {
    if (!memory || peakChange === null) return [];
    const { weights, casts, gradients, master, moment1, moment2 } = memory.perParameter;
    const bytes = [weights, casts, gradients, master, moment1, moment2, stateBytes(memory)];
    return [{ name, recipe, bytes, peak: memory.peak, peakChange }];
  });
  const parts = ['weights', 'FP8 copies', 'gradients', 'master', 'moment 1', 'moment 2', 'state'];
  return table(rows, [
    ['', ({ name, recipe }) => `${name}, \`${recipe}\``],
    each(
      [...parts.entries()],
      ([, part]) => part,
      ({ bytes }, [i]) => bytes[i]!.toFixed(2),
    ),
    ['peak MB', ({ peak }) => (peak / 1e6).toFixed(0)],
    ['of bf16', ({ recipe, peakChange }) => (recipe === 'bf16' ? '1' : (1 + peakChange).toFixed(3))],
  ]);
}
