/** @file Which of AdamW's updates the stored weights do not show. */
import { defineOperator } from '../operator.ts';
import { type DecayAttributes, HYPER_LENGTH } from './adam.ts';
import { checkElements, checkInputs } from './check.ts';
import type { Kernel } from './kernel.ts';
import { elementPass } from './pass.ts';

const { fround } = Math;

/**
 * 1 where an update was not zero and yet lost, else 0: stored, the codes of the new weights; kept, those that the old
 * weights would have got under the same scale and by the same random bits; w, the old weights; m, the first moment
 * before the update; g; hyper (see adam.ts). An update is zero where lr is, or where m, g · gradScale
 * and, if `decays`, decay · w all are.
 */
export const lostUpdates = defineOperator<DecayAttributes>({
  name: 'lostUpdates',
  shape(_, inputs) {
    checkInputs('lostUpdates', inputs, 6);
    const [stored, kept, w, m, g, hyper] = inputs;
    for (const [what, shape] of Object.entries({
      'kept weights': kept,
      'old weights': w,
      'moment 1': m,
      gradient: g,
    }))
      checkElements('lostUpdates', what, shape!, stored!);
    checkElements('lostUpdates', 'hyper', hyper!, [HYPER_LENGTH]);
    return stored!;
  },
  reference({ decays }, [stored, kept, w, m, g, hyper], out) {
    const rate = hyper!.data[0]!;
    const decay = decays ? hyper!.data[4]! : 0;
    const gradScale = hyper!.data[5]!;
    for (let i = 0; i < out.data.length; i++) {
      const moves =
        m!.data[i] !== 0 || fround(g!.data[i]! * gradScale) !== 0 || fround(decay * w!.data[i]!) !== 0;
      out.data[i] = Number(rate !== 0 && moves && stored!.data[i] === kept!.data[i]);
    }
  },
  passes: (call) => [
    elementPass(call, 'lostUpdates', kernel, { constants: { decays: Number(call.attributes.decays) } }),
  ],
});

function kernel(
  this: Kernel<'decays'>,
  stored: number[],
  kept: number[],
  w: number[],
  m: number[],
  g: number[],
  hyper: number[],
): number {
  let moves = Math.abs(m[this.thread.x]!) + Math.abs(g[this.thread.x]! * hyper[5]!);
  if (this.constants.decays > 0) {
    moves = moves + Math.abs(hyper[4]! * w[this.thread.x]!);
  }
  let lost = 0;
  if (stored[this.thread.x] === kept[this.thread.x]) {
    if (moves > 0) {
      if (hyper[0] !== 0) {
        lost = 1;
      }
    }
  }
  return lost;
}
