/** @file Batches of random windows, with the rare byte where a study wants it and nowhere else. */
import type { TokenBatch } from '@octavo/trainer';
import { randomInteger, streams } from '../engine/random.ts';
import type { RareByte } from './corpus.ts';

export interface BatchShape {
  readonly batch: number;
  readonly sequence: number;
}

/** A text with its rare byte, and the shape of the batches that are cut from it. */
export interface RareText {
  readonly bytes: Uint8Array;
  readonly settings: BatchShape;
  readonly rare: RareByte;
}

const SPACE = 32;

/** Batches from here on are for gathering and for the runs: the base has not seen their windows in this order. */
export const AFTER_BASE = 1 << 20;

/** Random windows as they are. `index` numbers the batches of a seed. */
export function plainBatch(bytes: Uint8Array, shape: BatchShape, seed: number, index: number): TokenBatch {
  return assemble(bytes, shape, startsOf(bytes, shape, seed, index));
}

/** Random windows in which a space stands for every rare byte. */
export function cleanBatch({ bytes, settings, rare }: RareText, seed: number, index: number): TokenBatch {
  return replaceRare(plainBatch(bytes, settings, seed, index), rare, 0);
}

/** The same, but that the first sequence is a window with the rare byte among its tokens, away from its ends. */
export function spikeBatch({ bytes, settings, rare }: RareText, seed: number, index: number): TokenBatch {
  const starts = startsOf(bytes, settings, seed, index);
  starts[0] = rareStart(bytes, settings, rare, seed, index);
  return replaceRare(assemble(bytes, settings, starts), rare, settings.sequence);
}

/** Every sequence a window with the rare byte. */
export function rareBatch({ bytes, settings, rare }: RareText, seed: number, index: number): TokenBatch {
  const starts = Array.from({ length: settings.batch }, (_, row) =>
    rareStart(bytes, settings, rare, seed, index * settings.batch + row),
  );
  return assemble(bytes, settings, starts);
}

/** The batch of step `step` (the first is 0) from an aged checkpoint: a spike at every `spikeEvery`-th. */
export const timedBatch = (
  text: RareText & { readonly settings: { readonly spikeEvery: number } },
  seed: number,
  step: number,
): TokenBatch =>
  ((step + 1) % text.settings.spikeEvery === 0 ? spikeBatch : cleanBatch)(text, seed, AFTER_BASE + step);

function startsOf(bytes: Uint8Array, { batch, sequence }: BatchShape, seed: number, index: number): number[] {
  const below = bytes.length - sequence;
  return Array.from({ length: batch }, (_, row) =>
    randomInteger(seed, streams.windows, index * batch + row, below),
  );
}

function rareStart(
  bytes: Uint8Array,
  { sequence }: BatchShape,
  { positions }: RareByte,
  seed: number,
  index: number,
): number {
  const position = positions[randomInteger(seed, streams.rare, index, positions.length)]!;
  const edge = Math.floor(sequence / 8);
  const place = edge + randomInteger(seed, streams.place, index, sequence - 2 * edge);
  return Math.min(Math.max(0, position - place), bytes.length - sequence - 1);
}

function assemble(bytes: Uint8Array, { sequence }: BatchShape, starts: readonly number[]): TokenBatch {
  const tokens = new Int32Array(starts.length * sequence);
  const targets = new Int32Array(starts.length * sequence);
  for (const [row, start] of starts.entries()) {
    tokens.set(bytes.subarray(start, start + sequence), row * sequence);
    targets.set(bytes.subarray(start + 1, start + 1 + sequence), row * sequence);
  }
  return { tokens, targets };
}

/** Spaces for rare bytes from element `from` on. */
function replaceRare({ tokens, targets }: TokenBatch, { byte }: RareByte, from: number): TokenBatch {
  const replaced = (values: ArrayLike<number>): Int32Array =>
    Int32Array.from(values, (v, i) => (v === byte && i >= from ? SPACE : v));
  return { tokens: replaced(tokens), targets: replaced(targets) };
}
