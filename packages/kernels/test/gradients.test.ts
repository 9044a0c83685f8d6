/** @file Forward formulas written anew in doubles, and gradients against their finite differences. */
import { describe, expect, it } from 'vitest';
import {
  attention,
  attentionCached,
  attentionGrad,
  crossEntropy,
  crossEntropyGrad,
  embedding,
  embeddingGrad,
  gemm,
  rmsNorm,
  rmsNormGradGain,
  rmsNormGradInput,
  rope,
  ropeTables,
  scaleRows,
  sortTokens,
  swiglu,
  swigluGrad,
} from '../src/index.ts';
import { compute, finiteDifferences, random, relativeError } from './support.ts';

const TOLERANCE = 2e-6;

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
const total = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

describe('rmsNorm', () => {
  const [rows, columns, epsilon] = [5, 12, 1e-3];
  const norm = (x: readonly number[], gain: readonly number[]) =>
    x.map((value, i) => {
      const row = x.slice(Math.floor(i / columns) * columns, (Math.floor(i / columns) + 1) * columns);
      return (value / Math.sqrt(total(row.map((v) => v * v)) / columns + epsilon)) * gain[i % columns]!;
    });
  const x = random([rows, columns], 1, 2);
  const gain = random([columns], 2);
  const dy = random([rows, columns], 3);

  it('agrees with the formula', async () => {
    const y = await compute(rmsNorm, { epsilon }, [x, gain]);
    expect(relativeError(y, norm(x[1], gain[1]))).toBeLessThan(TOLERANCE);
  });

  it('has the gradients of finite differences', async () => {
    const dx = await compute(rmsNormGradInput, { epsilon }, [dy, x, gain]);
    expect(
      relativeError(
        dx,
        finiteDifferences((v) => norm(v, gain[1]), x[1], dy[1]),
      ),
    ).toBeLessThan(TOLERANCE);
    const dgain = await compute(rmsNormGradGain, { epsilon }, [dy, x]);
    expect(
      relativeError(
        dgain,
        finiteDifferences((v) => norm(x[1], v), gain[1], dy[1]),
      ),
    ).toBeLessThan(TOLERANCE);
  });
});

describe('rope', () => {
  const [heads, keyValueHeads, headDim, theta] = [2, 1, 6, 100];
  const width = (heads + 2 * keyValueHeads) * headDim;
  const positions = [0, 3, 7];
  const tables = ropeTables(8, headDim, theta);
  const rotate = (x: readonly number[]) =>
    x.map((value, i) => {
      const column = i % width;
      if (column >= (heads + keyValueHeads) * headDim) return value;
      const d = column % headDim;
      const half = headDim / 2;
      const angle = positions[Math.floor(i / width)]! / theta ** ((2 * (d % half)) / headDim);
      // Complex numbers x[d] + i x[d + half], turned by the angle.
      return d < half
        ? value * Math.cos(angle) - x[i + half]! * Math.sin(angle)
        : value * Math.cos(angle) + x[i - half]! * Math.sin(angle);
    });
  const qkv = random([3, width], 11);
  const more = [
    [[8, 3], tables.cos],
    [[8, 3], tables.sin],
    [[3], positions],
  ] as const;
  const attributes = { heads, keyValueHeads, headDim };

  it('rotates q and k, and leaves v', async () => {
    const y = await compute(rope, { ...attributes, inverse: false }, [qkv, ...more]);
    expect(relativeError(y, rotate(qkv[1]))).toBeLessThan(TOLERANCE);
  });

  it('has its inverse as the gradient', async () => {
    const dy = random([3, width], 12);
    const dx = await compute(rope, { ...attributes, inverse: true }, [dy, ...more]);
    expect(relativeError(dx, finiteDifferences(rotate, qkv[1], dy[1]))).toBeLessThan(TOLERANCE);
  });
});

describe('attention', () => {
  const [batch, sequence, heads, keyValueHeads, headDim] = [2, 5, 4, 2, 3];
  const attributes = { batch, sequence, heads, keyValueHeads, headDim };
  const width = (heads + 2 * keyValueHeads) * headDim;
  const attend = (qkv: readonly number[]) => {
    const at = (t: number, head: number) =>
      qkv.slice(t * width + head * headDim, t * width + (head + 1) * headDim);
    return range(batch * sequence).flatMap((t) =>
      range(heads).flatMap((h) => {
        const group = Math.floor(h / (heads / keyValueHeads));
        const keys = range((t % sequence) + 1).map((j) => t - (t % sequence) + j);
        const weights = keys.map((j) => {
          const k = at(j, heads + group);
          return Math.exp(total(at(t, h).map((q, d) => q * k[d]!)) / Math.sqrt(headDim));
        });
        return range(headDim).map(
          (d) =>
            total(keys.map((j, n) => weights[n]! * at(j, heads + keyValueHeads + group)[d]!)) /
            total(weights),
        );
      }),
    );
  };
  const qkv = random([batch * sequence, width], 21, 1.5);
  const dout = random([batch * sequence, heads * headDim], 22);

  it('agrees with the formula', async () => {
    expect(relativeError(await compute(attention, attributes, [qkv]), attend(qkv[1]))).toBeLessThan(
      TOLERANCE,
    );
  });

  it('has the gradient of finite differences', async () => {
    const dqkv = await compute(attentionGrad, attributes, [qkv, dout]);
    expect(relativeError(dqkv, finiteDifferences(attend, qkv[1], dout[1]))).toBeLessThan(TOLERANCE);
  });

  it('gives the same token by token from a cache', async () => {
    const whole = attend(qkv[1]);
    const capacity = 7;
    const cacheWidth = 2 * keyValueHeads * headDim;
    const cache = new Float32Array(capacity * cacheWidth).fill(1e9); // rows not reached yet must not be seen
    for (let t = 0; t < sequence; t++) {
      const row = qkv[1].slice(t * width, (t + 1) * width);
      cache.set(row.slice(heads * headDim), t * cacheWidth);
      const out = await compute(attentionCached, { heads, keyValueHeads, headDim, capacity }, [
        [[1, width], row],
        [[capacity, cacheWidth], cache],
        [[1], [t]],
      ]);
      const expected = whole.slice(t * heads * headDim, (t + 1) * heads * headDim);
      expect(relativeError(out, expected)).toBeLessThan(TOLERANCE);
    }
  });
});

describe('swiglu', () => {
  const [rows, width] = [4, 6];
  const t = random([rows, 1], 32)[1].map((v) => Math.fround(Math.abs(v) + 0.5));
  const activate = (divisors: readonly number[]) => (gateUp: readonly number[]) =>
    range(rows * width).map((i) => {
      const r = Math.floor(i / width);
      const gate = gateUp[r * 2 * width + (i % width)]!;
      const up = gateUp[r * 2 * width + width + (i % width)]!;
      return ((up / divisors[r]!) * gate) / (1 + Math.exp(-gate));
    });
  const gateUp = random([rows, 2 * width], 31, 2);
  const dh = random([rows, width], 33);

  it.each([false, true])(
    'agrees with the formula and finite differences, per token: %s',
    async (perToken) => {
      const f = activate(perToken ? t : t.map(() => 1));
      const more = perToken ? [[[rows, 1], t] as const] : [];
      expect(
        relativeError(await compute(swiglu, { perToken }, [gateUp, ...more]), f(gateUp[1])),
      ).toBeLessThan(TOLERANCE);
      const gradient = await compute(swigluGrad, { perToken }, [gateUp, dh, ...more]);
      expect(relativeError(gradient, finiteDifferences(f, gateUp[1], dh[1]))).toBeLessThan(TOLERANCE);
    },
  );

  it('per token undoes itself: scaleRows gives the plain values back', async () => {
    const divided = await compute(swiglu, { perToken: true }, [gateUp, [[rows, 1], t]]);
    const back = await compute(scaleRows, {}, [
      [[rows, width], divided],
      [[rows, 1], t],
    ]);
    expect(relativeError(back, activate(t.map(() => 1))(gateUp[1]))).toBeLessThan(TOLERANCE);
  });
});

describe('crossEntropy', () => {
  const [rows, width] = [5, 7];
  const targets = [3, 0, -1, 6, 2];
  const losses = (logits: readonly number[]) =>
    targets.map((target, t) => {
      const row = logits.slice(t * width, (t + 1) * width);
      return target < 0 ? 0 : Math.log(total(row.map(Math.exp))) - row[target]!;
    });
  const logits = random([rows, width], 41, 3);

  it('agrees with the formula, and leaves out ignored tokens', async () => {
    const y = await compute(crossEntropy, {}, [logits, [[rows], targets]]);
    expect(relativeError(y, losses(logits[1]))).toBeLessThan(TOLERANCE);
    expect(y[2]).toBe(0);
  });

  it('has the gradient of finite differences', async () => {
    const weight = 0.3;
    const dx = await compute(crossEntropyGrad, {}, [logits, [[rows], targets], [[1], [weight]]]);
    const expected = finiteDifferences(
      losses,
      logits[1],
      targets.map(() => weight),
    );
    expect(relativeError(dx, expected)).toBeLessThan(TOLERANCE);
    expect([...dx.slice(2 * width, 3 * width)]).toEqual(range(width).map(() => 0));
  });

  it('is finite for large logits', async () => {
    const y = await compute(crossEntropy, {}, [
      [
        [2, 2],
        [1e4, 0, -1e4, 0],
      ],
      [[2], [0, 0]],
    ]);
    expect([...y]).toEqual([0, 1e4]);
  });
});

describe('gemm', () => {
  const [m, n, k] = [4, 5, 6];
  const a = random([m, k], 51);
  const b = random([k, n], 52);
  const dc = random([m, n], 53);
  const plain = {
    aBlockRows: 1,
    aBlockColumns: 1,
    bBlockRows: 1,
    bBlockColumns: 1,
    scaledA: false,
    scaledB: false,
  };
  const product = (x: readonly number[], y: readonly number[]) =>
    range(m * n).map((i) => total(range(k).map((j) => x[Math.floor(i / n) * k + j]! * y[j * n + (i % n)]!)));

  it('agrees with the formula, and its gradients are the products with transposes', async () => {
    const c = await compute(gemm, { ...plain, transposeA: false, transposeB: false }, [a, b]);
    expect(relativeError(c, product(a[1], b[1]))).toBeLessThan(TOLERANCE);
    const da = await compute(gemm, { ...plain, transposeA: false, transposeB: true }, [dc, b]);
    expect(
      relativeError(
        da,
        finiteDifferences((x) => product(x, b[1]), a[1], dc[1]),
      ),
    ).toBeLessThan(TOLERANCE);
    const db = await compute(gemm, { ...plain, transposeA: true, transposeB: false }, [a, dc]);
    expect(
      relativeError(
        db,
        finiteDifferences((y) => product(a[1], y), b[1], dc[1]),
      ),
    ).toBeLessThan(TOLERANCE);
  });

  it('of two transposes is the transpose of the other product', async () => {
    const [x, y] = [random([k, m], 54), random([n, k], 55)];
    const c = await compute(gemm, { ...plain, transposeA: true, transposeB: true }, [x, y]);
    const swapped = await compute(gemm, { ...plain, transposeA: false, transposeB: false }, [y, x]);
    expect([...c]).toEqual(range(m * n).map((i) => swapped[(i % n) * m + Math.floor(i / n)]!));
  });
});

describe('embedding', () => {
  const [vocabulary, width] = [5, 3];
  const tokens = [4, 1, 4, 0, 4, 1];
  const table = random([vocabulary, width], 61);
  const look = (x: readonly number[]) => tokens.flatMap((t) => x.slice(t * width, (t + 1) * width));

  it('looks rows up, and sums gradients by token', async () => {
    const y = await compute(embedding, {}, [table, [[tokens.length], tokens]]);
    expect([...y]).toEqual(look(table[1]));
    const dy = random([tokens.length, width], 62);
    const { order, starts } = sortTokens(tokens, vocabulary);
    expect([...order]).toEqual([3, 1, 5, 0, 2, 4]);
    expect([...starts]).toEqual([0, 1, 3, 3, 3, 6]);
    const dx = await compute(embeddingGrad, { vocabulary }, [dy, [[6], order], [[6], starts]]);
    expect(relativeError(dx, finiteDifferences(look, table[1], dy[1]))).toBeLessThan(TOLERANCE);
  });
});
