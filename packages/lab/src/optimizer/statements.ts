/** @file The paper's statements about the formats of Adam's moments, and the study's own, held to its figures. */
import { where } from '../engine/rows.ts';
import { above, atLeast, atMost, type Statement, within } from '../engine/statements.ts';
import { PAPER_PAIR, pairs, titleOf } from './arms.ts';
import { type Comparison, lateLost, lateShare, type Start, stateTotal, timesTooLarge } from './results.ts';

/** Nats per byte that an optimizer may end from FP32 moments and still follow them, over the last half of the steps. */
export const FOLLOWS = 0.02;
/** Nats per byte over the last half that are a loss, though a small one: several times what a nudged start does. */
const BEHIND = 0.01;
/** A largest gap that is a failure, whatever comes after it. */
const SPIKE = 0.1;
/** The largest gap that a harmless optimizer may show from the aged checkpoint. */
export const HARMLESS = 0.03;
/** Nats per byte of held-out loss that rounding of the master weights may cost and still be as good as none. */
const UNHARMED = 0.001;
/** More bytes a parameter than the scales need. */
const MOST_STATE = 4.1;

const ONLY_ONE = 'of the four pairs only m E4M3, v E5M2 follows FP32 (a 100M model)';

type Said = Statement<readonly Comparison[]>;

/** Of an optimizer's runs from `start`: what is said, of which figure, and what it must be. */
const said = (
  [start, optimizer]: readonly [Start, string],
  text: string,
  figure: (run: Comparison) => number | null,
  holds: Said['holds'],
  paper?: string,
): Said => ({
  text: `${titleOf(optimizer)}${text}`,
  paper,
  values: (runs) => where(runs, { start, optimizer }).flatMap((run) => figure(run) ?? []),
  holds,
});

const lastGap = (run: Comparison) => run.lastGap;
const largestGap = (run: Comparison) => run.largestGap;
const heldOutGap = (run: Comparison) => run.heldOutGap;
const stalled = (run: Comparison) => lateShare(run, 'stalled');

const follows = (name: string, paper?: string): Said =>
  said(
    ['scratch', name],
    `, from scratch: gap over the last half within ${FOLLOWS}`,
    lastGap,
    within(FOLLOWS),
    paper,
  );
const strays = (name: string): Said =>
  said(
    ['scratch', name],
    `, from scratch: does not follow (gap over the last half above ${FOLLOWS})`,
    lastGap,
    above(FOLLOWS),
    ONLY_ONE,
  );
const aged = (name: string): Said =>
  said(
    ['aged', name],
    `, aged and not clipped: largest gap at most ${HARMLESS}`,
    largestGap,
    atMost(HARMLESS),
  );
const breaks = (start: Start, name: string, from: string): Said =>
  said([start, name], `, ${from}: fails (largest gap above ${SPIKE})`, largestGap, above(SPIKE));
const unharmed = (name: string): Said =>
  said(['slow', name], `, slowly: held-out loss within ${UNHARMED} of FP32's`, heldOutGap, within(UNHARMED));

const fp16 = `${PAPER_PAIR}-fp16`;
const powers = ['scratch', `${PAPER_PAIR}-powers`] as const;
const early = 'e4m3-e4m3-early';
const aFifth = (times: number): boolean => times >= 1 / 1.2 && times <= 1.2;

export const statements: readonly Said[] = [
  follows(PAPER_PAIR, ONLY_ONE),
  follows(`${PAPER_PAIR}-bounded`),
  follows('e4m3-e4m3-bounded'),
  follows(fp16, 'with FP16 master weights too, as in its FP8 Adam'),
  ...pairs.filter((pair) => pair !== PAPER_PAIR).map(strays),
  follows(`${PAPER_PAIR}-stochastic`, 'stochastic rounding is an option of its code'),
  said(
    powers,
    `, from scratch: falls behind (gap over the last half above ${BEHIND})`,
    lastGap,
    above(BEHIND),
  ),
  said(powers, ', from scratch: at least half of the second moments stall (share)', stalled, atLeast(0.5)),
  said(
    powers,
    ', from scratch: second moments end at least twice too large (times)',
    timesTooLarge,
    atLeast(2),
  ),
  said(
    ['scratch', PAPER_PAIR],
    ", from scratch: second moments end within 20 % of float32's (times)",
    timesTooLarge,
    aFifth,
  ),
  ...[...pairs, fp16, `${PAPER_PAIR}-early`].map(aged),
  breaks('aged', early, 'aged and not clipped'),
  breaks('rescaled', early, 'rescaled alike but with nothing planted'),
  breaks('scratch', early, 'from scratch'),
  said(['slow', fp16], ', slowly: at least half of the updates are lost (share)', lateLost, atLeast(0.5)),
  said(
    ['slow', fp16],
    `, slowly: held-out loss more than ${UNHARMED} above FP32's`,
    heldOutGap,
    above(UNHARMED),
  ),
  unharmed(`${fp16}stochastic`),
  unharmed(PAPER_PAIR),
  said(
    ['scratch', fp16],
    `: at most ${MOST_STATE} bytes of state a parameter`,
    stateTotal,
    atMost(MOST_STATE),
    '4 bytes against 12',
  ),
];
