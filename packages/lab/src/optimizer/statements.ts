/** @file The paper's statements about the formats of Adam's moments, and the study's own, held to its figures. */
import type { Claim } from '../engine/study.ts';
import { PAPER_PAIR, pairs, titleOf } from './arms.ts';
import { type Comparison, lateLost, lateShare, type Start, stateTotal, timesTooLarge } from './results.ts';

/** Nats per byte that an optimizer may end from FP32 moments and still follow them, over the last half of the steps. */
export const FOLLOWS = 0.02;
/** Nats per byte over the last half that are a loss, though a small one: several times what a nudged start does. */
export const BEHIND = 0.01;
/** A largest gap that is a failure, whatever comes after it. */
export const SPIKE = 0.1;
/** The largest gap that a harmless optimizer may show from the aged checkpoint. */
export const HARMLESS = 0.03;
/** Nats per byte of held-out loss that rounding of the master weights may cost and still be as good as none. */
export const UNHARMED = 0.001;
/** More bytes a parameter than the scales need. */
const MOST_STATE = 4.1;

const ONLY_ONE = 'of the four pairs only m E4M3, v E5M2 follows FP32 (a 100M model)';

export function claimsOf(comparisons: readonly Comparison[]): Claim[] {
  const of = (start: Start, optimizer: string): Comparison[] =>
    comparisons.filter((c) => c.start === start && c.optimizer === optimizer);
  const claim = (
    text: string,
    measured: readonly number[],
    test: (value: number) => boolean,
    paper?: string,
  ): Claim[] =>
    measured.length === 0
      ? []
      : [{ text, ...(paper ? { paper } : {}), values: measured, holds: measured.every(test) }];
  const values = (
    start: Start,
    optimizer: string,
    value: (comparison: Comparison) => number | null,
  ): number[] => of(start, optimizer).flatMap((c) => value(c) ?? []);
  const follows = (optimizer: string, paper?: string): Claim[] =>
    claim(
      `${titleOf(optimizer)}, from scratch: gap over the last half within ${FOLLOWS}`,
      values('scratch', optimizer, (c) => c.lastGap),
      (gap) => Math.abs(gap) <= FOLLOWS,
      paper,
    );
  const aged = (optimizer: string): Claim[] =>
    claim(
      `${titleOf(optimizer)}, aged and not clipped: largest gap at most ${HARMLESS}`,
      values('aged', optimizer, (c) => c.largestGap),
      (gap) => gap <= HARMLESS,
    );
  const slowly = (
    optimizer: string,
    text: string,
    value: (comparison: Comparison) => number | null,
    test: (value: number) => boolean,
  ): Claim[] => claim(`${titleOf(optimizer)}, slowly: ${text}`, values('slow', optimizer, value), test);
  const heldOut = (optimizer: string): Claim[] =>
    slowly(
      optimizer,
      `held-out loss within ${UNHARMED} of FP32's`,
      (c) => c.heldOutGap,
      (gap) => Math.abs(gap) <= UNHARMED,
    );
  const fp16 = `${PAPER_PAIR}-fp16`;
  const breaks = (start: Start, optimizer: string, where: string): Claim[] =>
    claim(
      `${titleOf(optimizer)}, ${where}: fails (largest gap above ${SPIKE})`,
      values(start, optimizer, (c) => c.largestGap),
      (gap) => gap > SPIKE,
    );
  const rest = pairs.filter((pair) => pair !== PAPER_PAIR);
  return [
    ...follows(PAPER_PAIR, ONLY_ONE),
    ...follows(`${PAPER_PAIR}-bounded`),
    ...follows('e4m3-e4m3-bounded'),
    ...follows(`${PAPER_PAIR}-fp16`, 'with FP16 master weights too, as in its FP8 Adam'),
    ...rest.flatMap((pair) =>
      claim(
        `${titleOf(pair)}, from scratch: does not follow (gap over the last half above ${FOLLOWS})`,
        values('scratch', pair, (c) => c.lastGap),
        (gap) => gap > FOLLOWS,
        ONLY_ONE,
      ),
    ),
    ...follows(`${PAPER_PAIR}-stochastic`, 'stochastic rounding is an option of its code'),
    ...claim(
      `${titleOf(`${PAPER_PAIR}-powers`)}, from scratch: falls behind (gap over the last half above ${BEHIND})`,
      values('scratch', `${PAPER_PAIR}-powers`, (c) => c.lastGap),
      (gap) => gap > BEHIND,
    ),
    ...claim(
      `${titleOf(`${PAPER_PAIR}-powers`)}, from scratch: at least half of the second moments stall (share)`,
      values('scratch', `${PAPER_PAIR}-powers`, (c) => lateShare(c, 'stalled')),
      (share) => share >= 0.5,
    ),
    ...claim(
      `${titleOf(`${PAPER_PAIR}-powers`)}, from scratch: second moments end at least twice too large (times)`,
      values('scratch', `${PAPER_PAIR}-powers`, timesTooLarge),
      (times) => times >= 2,
    ),
    ...claim(
      `${titleOf(PAPER_PAIR)}, from scratch: second moments end within 20 % of float32's (times)`,
      values('scratch', PAPER_PAIR, timesTooLarge),
      (times) => times >= 1 / 1.2 && times <= 1.2,
    ),
    ...[...pairs, `${PAPER_PAIR}-fp16`, `${PAPER_PAIR}-early`].flatMap(aged),
    ...breaks('aged', 'e4m3-e4m3-early', 'aged and not clipped'),
    ...breaks('rescaled', 'e4m3-e4m3-early', 'rescaled alike but with nothing planted'),
    ...breaks('scratch', 'e4m3-e4m3-early', 'from scratch'),
    ...slowly(fp16, 'at least half of the updates are lost (share)', lateLost, (share) => share >= 0.5),
    ...slowly(
      fp16,
      `held-out loss more than ${UNHARMED} above FP32's`,
      (c) => c.heldOutGap,
      (gap) => gap > UNHARMED,
    ),
    ...heldOut(`${fp16}stochastic`),
    ...heldOut(PAPER_PAIR),
    ...claim(
      `${titleOf(`${PAPER_PAIR}-fp16`)}: at most ${MOST_STATE} bytes of state a parameter`,
      values('scratch', `${PAPER_PAIR}-fp16`, stateTotal),
      (bytes) => bytes <= MOST_STATE,
      '4 bytes against 12',
    ),
  ];
}
