// @module-tag slow
import { afterAll, describe, expect, test } from 'vitest';
import { openDrill, pointsOf } from './kill-drill.mjs';

const drill = openDrill();
/** A third of the kinds, and the removal of an old checkpoint, which was once forgotten; `pnpm drill all` tries every operation. */
const points = [
  ...pointsOf(drill.operations, 0).filter((_, i) => i % 3 === 0),
  drill.operations.findLastIndex((operation: string) => operation.startsWith('rm step-')) + 1,
];
afterAll(() => drill.close());

describe('killed at an operation on a file and resumed, a run leaves what an uninterrupted one leaves', () => {
  test('the uninterrupted run: evaluations at every second step, and nothing hidden in its folder', () => {
    const steps = drill.whole.tables.evaluations!.map((row: string) => /^step=(\d+)/.exec(row)![1]);
    expect(steps).toEqual(['0', '2', '4', '6', '6']);
    expect(drill.whole.tables.steps).toHaveLength(6);
    expect(Object.keys(drill.whole.checkpoints)).toHaveLength(2);
    expect(drill.whole.files.filter((name: string) => name.startsWith('.'))).toEqual([]);
  });

  test.each(points)('at operation %i', { timeout: 120_000 }, (at) => {
    const kills = at % 4 === 3 ? [at, 1 + ((at * 7) % drill.operations.length)] : [at];
    expect(drill.run(kills), drill.operations[at - 1]).toEqual(drill.whole);
  });
});
