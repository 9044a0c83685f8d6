import { OctavoError } from '@octavo/formats';
import { expect, it } from 'vitest';
import { rareByte } from '../src/index.ts';
import { cleanBatch, plainBatch, rareBatch, spikeBatch } from '../src/training/batches.ts';
import { textWithRareByte } from './support.ts';

const bytes = textWithRareByte();
const rare = rareByte(bytes);
const shape = { batch: 4, sequence: 16 };
const count = (values: ArrayLike<number>) => Array.from(values).filter((v) => v === 63).length;

it('finds the byte that stands about once in 20,000', () => {
  expect(rare.byte).toBe(63);
  expect([...rare.positions]).toEqual([1234, 6234, 11234, 16234, 21234, 26234, 31234, 36234]);
  expect(() => rareByte(new Uint8Array(1000))).toThrow(OctavoError);
});

const text = { bytes, settings: shape, rare };

it('cuts windows whose targets are the next bytes', () => {
  const { tokens, targets } = plainBatch(bytes, shape, 1, 0);
  expect(tokens).toHaveLength(64);
  for (let i = 0; i < 15; i++) expect(targets[i]).toBe(tokens[i + 1]);
});

it('has the rare byte in the first sequence of a spike batch and nowhere else', () => {
  for (let index = 0; index < 200; index++) {
    const clean = cleanBatch(text, 1, index);
    expect(count(clean.tokens) + count(clean.targets)).toBe(0);
    const spike = spikeBatch(text, 1, index);
    expect(count(Array.from(spike.tokens).slice(0, 16))).toBe(1);
    expect(count(Array.from(spike.tokens).slice(16))).toBe(0);
  }
});

it('has the rare byte in every sequence of a rare batch', () => {
  const { tokens } = rareBatch(text, 1, 3);
  for (let row = 0; row < 4; row++) expect(count(Array.from(tokens).slice(row * 16, (row + 1) * 16))).toBe(1);
});

it('depends on seed and index only', () => {
  expect(cleanBatch(text, 1, 7)).toEqual(cleanBatch(text, 1, 7));
  expect(cleanBatch(text, 1, 7)).not.toEqual(cleanBatch(text, 1, 8));
  expect(cleanBatch(text, 1, 7)).not.toEqual(cleanBatch(text, 2, 7));
});
