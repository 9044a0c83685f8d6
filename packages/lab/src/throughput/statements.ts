/** @file The paper's statements about speed and memory, held to what was measured here. */
import type { Claim } from '../engine/study.ts';
import { PAPER_SAVING, PAPER_SPEEDUP, PAPER_STATE, SAMPLES_PER_SECOND } from './paper.ts';
import { type Comparison, stateBytes } from './results.ts';
import { caseName, type ThroughputSettings } from './settings.ts';

export const LEAST_SPEEDUP = 1.2;
/** Time of an emulated FP8 step over that of a BF16 one. */
export const MOST_EMULATED = 1.25;
export const MOST_STATE = 4.1;
export const LEAST_SAVING = 0.25;

/** Speed at each model's largest batch, memory at its smallest, since the paper's micro-batch is 1. */
export function claimsOf({ models }: ThroughputSettings, comparisons: readonly Comparison[]): Claim[] {
  return models.flatMap((one) => {
    const at = (batch: number) => comparisons.filter(({ name }) => name === caseName(one, batch));
    return [...speedClaims(at(Math.max(...one.batches))), ...memoryClaims(at(Math.min(...one.batches)))];
  });
}

function speedClaims(comparisons: readonly Comparison[]): Claim[] {
  const claims: Claim[] = [];
  for (const { name, ratios } of comparisons.filter(({ recipe }) => recipe === 'fp8-smooth'))
    claims.push({
      text: `${name}, fp8-smooth: at least ${LEAST_SPEEDUP} times the tokens a second of bf16 (not expected: FP8 is emulated)`,
      paper: `${SAMPLES_PER_SECOND['fp8-smooth']} against ${SAMPLES_PER_SECOND.bf16} samples/s on 8 Gaudi2, ${PAPER_SPEEDUP} times`,
      values: ratios,
      holds: ratios.every((ratio) => ratio >= LEAST_SPEEDUP),
    });
  const fp8 = comparisons.filter(({ recipe }) => recipe.startsWith('fp8'));
  if (fp8.length === 0) return claims;
  const slowest = fp8[0]!.ratios.map((_, i) => Math.max(...fp8.map(({ ratios }) => 1 / ratios[i]!)));
  claims.push({
    text: `${fp8[0]!.name}, the slowest FP8 recipe: a step takes at most ${MOST_EMULATED} times as long as in bf16`,
    values: slowest,
    holds: slowest.every((times) => times <= MOST_EMULATED),
  });
  return claims;
}

function memoryClaims(comparisons: readonly Comparison[]): Claim[] {
  return comparisons.flatMap(({ name, recipe, memory, peakChange }): Claim[] => {
    if (recipe !== 'fp8-full' || !memory || peakChange === null) return [];
    const state = stateBytes(memory);
    return [
      {
        text: `${name}, fp8-full: the optimizer's state takes at most ${MOST_STATE} bytes a parameter`,
        paper: `${PAPER_STATE['fp8-full']} bytes against ${PAPER_STATE.bf16}`,
        values: [state],
        holds: state <= MOST_STATE,
      },
      {
        text: `${name}, fp8-full: a step's peak memory at least ${100 * LEAST_SAVING} % below bf16's (share saved)`,
        paper: `about ${100 * PAPER_SAVING} % less a device, Llama2 7B, micro-batch 1, ZeRO-1 over 8`,
        values: [-peakChange],
        holds: -peakChange >= LEAST_SAVING,
      },
    ];
  });
}
