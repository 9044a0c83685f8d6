/** @file Agreement with onnxruntime's Cast, by the digests that tooling/formats-judge wrote when it compared the two. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { decodeArray, encodeArray, formatOf, type Overflow } from '../src/index.ts';
import { canonicalBytes, judgeInputs } from './support/judge-inputs.mjs';

interface Digest {
  readonly format: string;
  readonly overflow: Overflow;
  readonly count: number;
  readonly inputs: string;
  readonly outputs: string;
}

const { digests }: { digests: readonly Digest[] } = JSON.parse(
  readFileSync(new URL('./onnxruntime-digests.json', import.meta.url), 'utf8'),
);

const sha256 = (values: Float32Array) => createHash('sha256').update(canonicalBytes(values)).digest('hex');

test('four formats, both overflow modes, over a million values each', () => {
  expect(new Set(digests.map((d) => `${d.format} ${d.overflow}`)).size).toBe(8);
  for (const { count } of digests) expect(count).toBeGreaterThan(1_000_000);
});

test.each(digests)(
  '$format, $overflow: $count values',
  ({ format: name, overflow, count, inputs, outputs }) => {
    const format = formatOf(name);
    const values = judgeInputs(format, overflow);
    expect(values.length).toBe(count);
    expect(sha256(values)).toBe(inputs);
    const cast = decodeArray(format, encodeArray(format, values, undefined, { overflow }));
    expect(sha256(cast)).toBe(outputs);
  },
);
