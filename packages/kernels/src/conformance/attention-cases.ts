/** @file Cases of attention: small ones of every shape, and such as are large enough for a device's large products. */
import { BF16, type Format, FP32 } from '@octavo/formats';
import { attention } from '../operators/attention.ts';
import { attentionCached } from '../operators/attention-cached.ts';
import { attentionGrad } from '../operators/attention-grad.ts';
import { elements } from '../tensor.ts';
import { caseOf, type OperatorCase } from './case.ts';
import { input, normal, normalInput, vector } from './data.ts';

const FORMATS: readonly Format[] = [FP32, BF16];

/** Heads, key and value heads, their width. */
export const HEADS = [
  [1, 1, 2],
  [4, 4, 8],
  [6, 2, 10],
  [4, 1, 16],
] as const;

/** Batch, sequence, heads, key and value heads, their width: of long sequences. */
const LONG_ATTENTION = [
  [1, 200, 2, 1, 32],
  [2, 130, 4, 2, 48],
  [1, 101, 3, 3, 64],
  [1, 113, 1, 1, 128],
  [1, 130, 2, 2, 6],
] as const;

export function attentionCases(): OperatorCase[] {
  const cases: OperatorCase[] = [];
  for (const [heads, keyValueHeads, headDim] of HEADS) {
    const of = { heads, keyValueHeads, headDim };
    const width = (heads + 2 * keyValueHeads) * headDim;
    for (const [batch, sequence] of [
      [1, 1],
      [3, 7],
      [2, 33],
    ] as const) {
      for (const format of FORMATS) {
        const title = `${batch}×${sequence} ${heads}/${keyValueHeads}×${headDim} ${format.name}`;
        const qkv = normalInput([batch * sequence, width], 91, format, 1.5);
        const dout = normalInput([batch * sequence, heads * headDim], 92, format);
        const more = { outFormat: format, magnitude: 1 };
        cases.push(caseOf(attention, title, { ...of, batch, sequence }, [qkv], more));
        cases.push(caseOf(attentionGrad, title, { ...of, batch, sequence }, [qkv, dout], more));
      }
    }
    for (const [position, format] of [0, 1, 18].flatMap((at) => FORMATS.map((f) => [at, f] as const))) {
      const capacity = 19;
      const cache = normal(capacity * 2 * keyValueHeads * headDim, 94);
      const inputs = [
        normalInput([1, width], 93),
        input([capacity, 2 * keyValueHeads * headDim], cache, format),
        vector([position]),
      ];
      const title = `${heads}/${keyValueHeads}×${headDim} ${format.name} at ${position}`;
      cases.push(caseOf(attentionCached, title, { ...of, capacity }, inputs, { magnitude: 1 }));
    }
  }
  for (const [batch, sequence, heads, keyValueHeads, headDim] of LONG_ATTENTION) {
    const of = { batch, sequence, heads, keyValueHeads, headDim };
    const shape = [batch * sequence, (heads + 2 * keyValueHeads) * headDim] as const;
    for (const format of FORMATS) {
      const title = `long, ${batch}×${sequence} ${heads}/${keyValueHeads}×${headDim} ${format.name}`;
      const dout = normalInput([batch * sequence, heads * headDim], 96, format);
      const more = { outFormat: format, magnitude: 1 };
      cases.push(caseOf(attention, title, of, [normalInput(shape, 95, format)], more));
      cases.push(caseOf(attentionGrad, title, of, [normalInput(shape, 95, format), dout], more));
      if (headDim !== 64) continue;
      // integers, and a scale of 1/8: scores up to ±10⁴ are exact, so that is where all probability goes
      const extreme = input(shape, normal(elements(shape), 98, 30).map(Math.round), format);
      const steep = { outFormat: format, magnitude: 30 };
      cases.push(caseOf(attention, `${title}, large scores`, of, [extreme], steep));
      cases.push(caseOf(attentionGrad, `${title}, large scores`, of, [extreme, dout], steep));
    }
  }
  const steep = input([9, 12], normal(108, 97, 40));
  const few = { batch: 1, sequence: 9, heads: 2, keyValueHeads: 2, headDim: 2 };
  cases.push(caseOf(attention, 'large scores', few, [steep], { magnitude: 40 }));
  return cases;
}
