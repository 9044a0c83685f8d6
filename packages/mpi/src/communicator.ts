/** @file What ranks of a group say to each other: the collective operations that data-parallel training needs. */
import { OctavoError } from '@octavo/formats';

/** What can be summed or compared. */
export type Reducible = Float32Array | Int32Array;

/** What can be moved. */
export type Movable = Reducible | Uint8Array;

/** `max` of float32 values: a NaN anywhere makes the result NaN, so that none is hidden. */
export type Operation = 'sum' | 'max';

/**
 * A group of ranks, seen from one of them. Every rank calls the same operations in the same order with arrays of the same
 * length; an operation begins at the call, may go on while the caller computes, and is done when its promise is fulfilled:
 * until then its arrays belong to it. Each throws an `OctavoError` for arrays of impossible lengths, and rejects with one
 * that names the ranks that did not come in time.
 */
export interface Communicator {
  /** This rank, from 0. */
  readonly rank: number;
  readonly size: number;
  /** What carries the messages, with its version. */
  readonly description: string;
  /** Each rank's `values` become the sum (or maximum) of all ranks', element by element. */
  allReduce(values: Reducible, operation: Operation): Promise<void>;
  /** `own` becomes part `rank` of the sum (or maximum) of all ranks' `values`, which are `size` parts of its length. */
  reduceScatter(values: Reducible, own: Reducible, operation: Operation): Promise<void>;
  /** `values` becomes the parts of all ranks in their order; each gives its `own`. */
  allGather(own: Movable, values: Movable): Promise<void>;
  /** Part r of `values` goes to rank r; part r of `received` comes from it. */
  allToAll(values: Movable, received: Movable): Promise<void>;
  /** All ranks' `values` become those of rank `root`. */
  broadcast(values: Movable, root: number): Promise<void>;
  /** Fulfilled when every rank has called it; they may take `patience` seconds (default: the group's). */
  barrier(patience?: number): Promise<void>;
  /** Lets messages under way move on: to be called now and then in a long computation. */
  progress(): void;
  /** Leaves the group, in agreement with all others. */
  close(): Promise<void>;
  /** Ends every rank's process at once, with this exit code. */
  abort(exitCode: number): void;
}

/** Throws an `OctavoError` unless `parts` is `size` times as long as `own`, and of its type. */
export function checkParts(operation: string, own: Movable, parts: Movable, size: number): void {
  if (own.constructor !== parts.constructor)
    throw new OctavoError(
      `[mpi] ${operation}: got ${parts.constructor.name} for ${own.constructor.name}, expected one type`,
    );
  if (parts.length !== own.length * size)
    throw new OctavoError(
      `[mpi] ${operation}: got ${parts.length} values, expected ${size} parts of ${own.length}`,
    );
}

/** Throws an `OctavoError` unless both are `size` equal parts. */
export function checkExchange(values: Movable, received: Movable, size: number): void {
  checkParts('allToAll', values, received, 1);
  if (values.length % size !== 0)
    throw new OctavoError(`[mpi] allToAll: got ${values.length} values, expected a multiple of ${size}`);
}

/** Throws an `OctavoError` unless `root` is a rank. */
export function checkRoot(root: number, size: number): void {
  if (!Number.isInteger(root) || root < 0 || root >= size)
    throw new OctavoError(`[mpi] broadcast: got rank ${root}, expected 0 to ${size - 1}`);
}

/** The error of an operation that not all ranks came to. */
export const absent = (ranks: readonly number[], seconds: number): OctavoError =>
  new OctavoError(
    `[mpi] ${ranks.length === 1 ? 'rank' : 'ranks'} ${ranks.join(', ')} did not answer within ${seconds} s: look at the machines they run on, then resume the run`,
  );
