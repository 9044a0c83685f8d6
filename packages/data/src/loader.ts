/** @file Batches of training windows, in an order that the seed alone decides, from any position on. */
import { OctavoError, streamSeed } from '@octavo/formats';
import type { TokenArray } from '@octavo/store';
import { permute } from './permutation.ts';
import { type TokenSource, targetsOf, tokenSource } from './token-source.ts';

export interface LoaderOptions {
  /** Windows a batch, of this rank. */
  readonly batch: number;
  /** Tokens a window. */
  readonly sequence: number;
  /** An integer from 0 to 2³² − 1. */
  readonly seed: number;
  /** Of `ranks` that train together: rank r takes windows r · batch … (r + 1) · batch − 1 of each global batch. Default 0 of 1. */
  readonly rank?: number | undefined;
  readonly ranks?: number | undefined;
}

/** Plain JSON: part of a checkpoint. The last three say what the first two mean. */
export interface LoaderPosition {
  readonly epoch: number;
  /** Windows of the epoch that all ranks together have taken. */
  readonly index: number;
  readonly seed: number;
  readonly sequence: number;
  /** Tokens of the corpus. */
  readonly length: number;
}

/** `[batch · sequence]` each, row-major; `targets[i]` is the token after `tokens[i]`, or −1 where that is not learned. */
export interface Batch {
  readonly tokens: Int32Array;
  readonly targets: Int32Array;
}

export interface Loader {
  readonly options: Required<LoaderOptions>;
  /** Where the next batch begins. */
  position(): LoaderPosition;
  /** Goes to a position of a loader with the same seed, sequence and corpus; batch and ranks may differ. */
  seek(position: LoaderPosition): void;
  next(): Promise<Batch>;
  /** Passes over a batch. */
  skip(): void;
}

/**
 * Each epoch cuts the tokens into non-overlapping windows from a random phase below `sequence` on (so the next epoch
 * cuts elsewhere) and takes them in a random order; phase and order depend on seed and epoch only. A batch that an epoch
 * cannot fill goes on in the next. Throws where the tokens do not fill one window.
 */
export function createLoader(from: TokenSource | TokenArray, options: LoaderOptions): Loader {
  const source = 'read' in from ? from : tokenSource(from);
  const { batch, sequence, seed, rank = 0, ranks = 1 } = options;
  const { length } = source;
  for (const [name, value, least] of [
    ['batch', batch, 1],
    ['sequence', sequence, 1],
    ['ranks', ranks, 1],
    ['rank', rank, 0],
    ['seed', seed, 0],
  ] as const)
    if (!Number.isInteger(value) || value < least || value >= 2 ** 32)
      throw bad(`loader ${name}: got ${value}, expected an integer from ${least} on`);
  if (rank >= ranks) throw bad(`loader rank: got ${rank} of ${ranks}, expected at most ${ranks - 1}`);
  if (length < sequence + 1)
    throw bad(
      `sequence is longer than the corpus: got a sequence of ${sequence} and ${length} tokens, expected at least ${sequence + 1} tokens: use more text or a shorter sequence`,
    );

  let epoch = 0;
  let index = 0;
  const phaseOf = (e: number): number =>
    Math.floor((streamSeed(seed, e, 1) / 2 ** 32) * Math.min(sequence, length - sequence));
  const countOf = (e: number): number => Math.floor((length - 1 - phaseOf(e)) / sequence);
  /** Offset of the next window; moves on by one. */
  const take = (): number => {
    if (index >= countOf(epoch)) [epoch, index] = [epoch + 1, 0];
    const place = permute(index++, countOf(epoch), streamSeed(seed, epoch, 2), streamSeed(seed, epoch, 3));
    return phaseOf(epoch) + place * sequence;
  };

  const offsetsOfAll = (): number[] => Array.from({ length: batch * ranks }, take);

  return {
    options: { batch, sequence, seed, rank, ranks },
    position: () => ({ epoch, index, seed, sequence, length }),
    seek(position) {
      for (const [name, expected] of [
        ['seed', seed],
        ['sequence', sequence],
        ['length', length],
      ] as const)
        if (position[name] !== expected)
          throw bad(
            `loader position is of another run: got ${name} ${position[name]}, expected ${expected}: resume with the same data, sequence and seed`,
          );
      const { epoch: e, index: i } = position;
      if (!Number.isSafeInteger(e) || e < 0 || !Number.isSafeInteger(i) || i < 0 || i > countOf(e))
        throw bad(`loader position: got epoch ${e}, index ${i}, expected 0 to ${length} windows`);
      [epoch, index] = [e, i];
    },
    skip: () => void offsetsOfAll(),
    async next() {
      // The position moves before anything is awaited, so that calls may overlap.
      const offsets = offsetsOfAll().slice(rank * batch, (rank + 1) * batch);
      const tokens = new Int32Array(batch * sequence);
      const targets = new Int32Array(batch * sequence);
      for (const [row, offset] of offsets.entries()) {
        tokens.set(await source.read(offset, sequence), row * sequence);
        targets.set(await targetsOf(source, offset, sequence), row * sequence);
      }
      return { tokens, targets };
    },
  };
}

const bad = (what: string): OctavoError => new OctavoError(`[data] ${what}`, { exitCode: 2 });
