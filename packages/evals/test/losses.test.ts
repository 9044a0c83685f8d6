import { describe, expect, it } from 'vitest';
import { bitsPerByte, evaluateLoss, perplexity } from '../src/index.ts';

describe('measures', () => {
  it('a uniform guess over V tokens has perplexity V and log2 V bits', () => {
    expect(perplexity(Math.log(256))).toBeCloseTo(256, 9);
    expect(bitsPerByte(Math.log(256), 100, 100)).toBeCloseTo(8, 12);
    // 4 bytes a token: the same loss spreads over four times as many bytes.
    expect(bitsPerByte(Math.log(32000), 25, 100)).toBeCloseTo(Math.log2(32000) / 4, 12);
    expect(() => bitsPerByte(1, 1, 0)).toThrow('[evals] bits per byte: got 0 bytes, expected more than 0');
  });
});

describe('evaluateLoss', () => {
  it('weighs windows by their targets', async () => {
    const windows = [
      { loss: 2, tokens: 10 },
      { loss: 4, tokens: 30 },
      { loss: Number.NaN, tokens: 0 },
    ];
    expect(await evaluateLoss(windows, (w) => w)).toEqual({ loss: 3.5, tokens: 40 });
  });

  it('takes asynchronous windows, one after another', async () => {
    const order: string[] = [];
    async function* windows() {
      for (const i of [1, 2]) {
        order.push(`window ${i}`);
        yield i;
      }
    }
    const result = await evaluateLoss(windows(), async (i) => {
      await Promise.resolve();
      order.push(`loss ${i}`);
      return { loss: i, tokens: 1 };
    });
    expect(result.loss).toBe(1.5);
    expect(order).toEqual(['window 1', 'loss 1', 'window 2', 'loss 2']);
  });

  it('hides no NaN and refuses an empty text', async () => {
    expect((await evaluateLoss([1], () => ({ loss: Number.NaN, tokens: 2 }))).loss).toBeNaN();
    await expect(evaluateLoss([], () => ({ loss: 1, tokens: 1 }))).rejects.toThrow('got no targets');
    await expect(evaluateLoss([1], () => ({ loss: 1, tokens: -1 }))).rejects.toThrow(
      '[evals] targets of a window: got -1, expected a whole number from 0 on',
    );
  });
});
