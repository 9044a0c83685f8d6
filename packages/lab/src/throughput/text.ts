/** @file The study for people: our rows beside the paper's, where the memory is, and what held. */
import { each, pageOf, table } from '../engine/markdown.ts';
import { mean, percent } from '../engine/numbers.ts';
import { claimLines } from '../engine/statements.ts';
import type { Claim } from '../engine/study.ts';
import { type Comparison, stateBytes } from './results.ts';
import { PAPER_SPEEDUP, PAPER_STATE, SAMPLES_PER_SECOND } from './settings.ts';

export function markdownOf(
  comparisons: readonly Comparison[],
  claims: readonly Claim[],
  about: { readonly device: string; readonly seeds: readonly number[]; readonly rounds: number },
): string {
  const { device, seeds, rounds } = about;
  const measured = comparisons.some(({ memory }) => memory);
  return pageOf('throughput', {
    ...{ device, rounds, stateBf16: PAPER_STATE.bf16!, stateFp8: PAPER_STATE['fp8-full']! },
    runs: seeds.length === 1 ? 'One run' : `${seeds.length} runs, each from other weights;`,
    speed: speedTable(comparisons),
    memory: measured ? memoryTable(comparisons) : [],
    unmeasured: !measured,
    claims: claimLines(claims, (v) => v.toFixed(3)),
  });
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
