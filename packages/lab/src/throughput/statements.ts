/** @file The paper's statements about speed and memory, held to what was measured here. */
import { where } from '../engine/rows.ts';
import { atLeast, atMost, type Statement } from '../engine/statements.ts';
import { type Comparison, stateBytes } from './results.ts';
import {
  caseName,
  PAPER_SAVING,
  PAPER_SPEEDUP,
  PAPER_STATE,
  SAMPLES_PER_SECOND,
  type ThroughputSettings,
} from './settings.ts';

const LEAST_SPEEDUP = 1.2;
/** Time of an emulated FP8 step over that of a BF16 one. */
const MOST_EMULATED = 1.25;
export const MOST_STATE = 4.1;
const LEAST_SAVING = 0.25;

type Said = Statement<readonly Comparison[]>;

/** Speed at each model's largest batch, memory at its smallest, since the paper's micro-batch is 1. */
export const statementsOf = ({ models }: ThroughputSettings, comparisons: readonly Comparison[]): Said[] =>
  models.flatMap((one) => {
    const at = (batch: number) => where(comparisons, { name: caseName(one, batch) });
    return [...ofSpeed(at(Math.max(...one.batches))), ...ofMemory(at(Math.min(...one.batches)))];
  });

function ofSpeed(comparisons: readonly Comparison[]): Said[] {
  const smooth = where(comparisons, { recipe: 'fp8-smooth' }).map(
    ({ name, ratios }): Said => ({
      text: `${name}, fp8-smooth: at least ${LEAST_SPEEDUP} times the tokens a second of bf16 (not expected: FP8 is emulated)`,
      paper: `${SAMPLES_PER_SECOND['fp8-smooth']} against ${SAMPLES_PER_SECOND.bf16} samples/s on 8 Gaudi2, ${PAPER_SPEEDUP} times`,
      ...{ values: () => ratios, holds: atLeast(LEAST_SPEEDUP) },
    }),
  );
  const fp8 = comparisons.filter(({ recipe }) => recipe.startsWith('fp8'));
  const [first] = fp8;
  if (!first) return smooth;
  const slowest = first.ratios.map((_, i) => Math.max(...fp8.map(({ ratios }) => 1 / ratios[i]!)));
  return [
    ...smooth,
    {
      text: `${first.name}, the slowest FP8 recipe: a step takes at most ${MOST_EMULATED} times as long as in bf16`,
      ...{ values: () => slowest, holds: atMost(MOST_EMULATED) },
    },
  ];
}

const ofMemory = (comparisons: readonly Comparison[]): Said[] =>
  where(comparisons, { recipe: 'fp8-full' }).flatMap(({ name, memory, peakChange }): Said[] => {
    if (!memory || peakChange === null) return [];
    return [
      {
        text: `${name}, fp8-full: the optimizer's state takes at most ${MOST_STATE} bytes a parameter`,
        paper: `${PAPER_STATE['fp8-full']} bytes against ${PAPER_STATE.bf16}`,
        ...{ values: () => [stateBytes(memory)], holds: atMost(MOST_STATE) },
      },
      {
        text: `${name}, fp8-full: a step's peak memory at least ${100 * LEAST_SAVING} % below bf16's (share saved)`,
        paper: `about ${100 * PAPER_SAVING} % less a device, Llama2 7B, micro-batch 1, ZeRO-1 over 8`,
        ...{ values: () => [-peakChange], holds: atLeast(LEAST_SAVING) },
      },
    ];
  });
