/**
 * @file A group of processes over MPI: every operation begins at its call (MPI's "immediate" form) and is asked for until
 * it is done, so that messages move while the caller computes and no thread of MPI's takes a core from it.
 */
import { OctavoError } from '@octavo/formats';
import {
  absent,
  type Communicator,
  checkExchange,
  checkParts,
  checkRoot,
  type Movable,
  type Reducible,
} from '../communicator.ts';
import type { Mpi } from './library.ts';
import { fromOrdered, toOrdered } from './ordered.ts';
import { whoIsAbsent } from './roll-call.ts';

/** Elements of one message at most: Open MPI moves pieces of 8 MB several times as fast as one of 40. */
const PIECE = 2 ** 21;
/** MPI_THREAD_FUNNELED: only the thread that began speaks. */
const FUNNELED = 1;
/** Milliseconds of asking without rest, and of a rest. */
const [EAGER, REST] = [1, 0.1];

/** The group of all processes that `mpirun` has started. Throws an `OctavoError` where MPI fails, or is another than mpirun's. */
export function mpiCommunicator(
  mpi: Mpi,
  { expected = null as number | null, patience = 600 } = {},
): Communicator {
  const { handles, addressOf } = mpi;
  const { world } = handles;
  const number = (name: 'Comm_rank' | 'Comm_size'): number => {
    const word = new Int32Array(1);
    mpi.call(name, world, addressOf(word));
    return word[0]!;
  };
  mpi.call('Init_thread', 0, 0, FUNNELED, addressOf(new Int32Array(1)));
  mpi.call('Comm_set_errhandler', world, handles.errorsReturn);
  const [rank, size] = [number('Comm_rank'), number('Comm_size')];
  if (expected !== null && expected !== size) {
    mpi.call('Finalize');
    throw new OctavoError(
      `[mpi] ${mpi.description} sees ${size} of the ${expected} processes: it is another MPI than the one that started them: give its library by path`,
      { exitCode: 2 },
    );
  }
  const typeOf = (values: Movable): bigint | number =>
    values instanceof Float32Array
      ? handles.float
      : values instanceof Int32Array
        ? handles.int
        : handles.byte;

  /** Whether a request is done; asking moves the messages of all. */
  const isDone = (request: ArrayBufferView): boolean => {
    const [flag, status] = [new Int32Array(1), new Int32Array(64)];
    mpi.call('Test', addressOf(request), addressOf(flag), addressOf(status));
    return flag[0] !== 0;
  };
  const under = new Set<ArrayBufferView>();

  /** Fulfilled when the request that `start` makes is done; `uses` are kept where they are until then. */
  function begin(start: (request: bigint) => void, ...uses: readonly Movable[]): Promise<void> {
    const request = mpi.requests(1);
    start(addressOf(request));
    under.add(request);
    return settle(request, uses);
  }

  async function settle(
    request: ArrayBufferView,
    uses: readonly Movable[],
    seconds = patience,
  ): Promise<void> {
    const began = performance.now();
    while (uses && !isDone(request)) {
      const waited = performance.now() - began;
      if (waited > seconds * 1000) throw absent(await whoIsAbsent(mpi, rank, size), seconds);
      await turn();
      if (waited > EAGER) Atomics.wait(resting, 0, 0, REST);
    }
    under.delete(request);
  }

  /** `each` for pieces of at most `PIECE` elements, all under way at once. */
  const inPieces = async (
    length: number,
    each: (at: number, end: number) => Promise<void>,
  ): Promise<void> => {
    const pieces: Promise<void>[] = [];
    for (let at = 0; at < length; at += PIECE) pieces.push(each(at, Math.min(length, at + PIECE)));
    await Promise.all(pieces);
  };

  /** Runs a reduction on what MPI reduces without loss: maxima of floats as ordered integers. */
  async function reduced<T>(
    values: Reducible,
    to: Reducible,
    isMax: boolean,
    reduce: (from: Reducible, into: Reducible) => Promise<T>,
  ): Promise<void> {
    if (!isMax || values instanceof Int32Array) return void (await reduce(values, to));
    const from = toOrdered(values);
    const into = to === values ? from : new Int32Array(to.length);
    await reduce(from, into);
    fromOrdered(into, to as Float32Array);
  }

  return {
    rank,
    size,
    description: mpi.description,
    allReduce: (values, operation) =>
      reduced(values, values, operation === 'max', (from) =>
        inPieces(from.length, (at, end) => {
          const piece = from.subarray(at, end);
          return begin(
            (request) =>
              mpi.call(
                'Iallreduce',
                mpi.inPlace,
                addressOf(piece),
                piece.length,
                typeOf(piece),
                handles[operation],
                world,
                request,
              ),
            piece,
          );
        }),
      ),
    async reduceScatter(values, own, operation) {
      checkParts('reduceScatter', own, values, size);
      await reduced(values, own, operation === 'max', (from, into) =>
        begin(
          (request) =>
            mpi.call(
              'Ireduce_scatter_block',
              addressOf(from),
              addressOf(into),
              into.length,
              typeOf(from),
              handles[operation],
              world,
              request,
            ),
          from,
          into,
        ),
      );
    },
    async allGather(own, values) {
      checkParts('allGather', own, values, size);
      const type = typeOf(own);
      await begin(
        (request) =>
          mpi.call(
            'Iallgather',
            addressOf(own),
            own.length,
            type,
            addressOf(values),
            own.length,
            type,
            world,
            request,
          ),
        own,
        values,
      );
    },
    async allToAll(values, received) {
      checkExchange(values, received, size);
      const [type, part] = [typeOf(values), values.length / size];
      await begin(
        (request) =>
          mpi.call(
            'Ialltoall',
            addressOf(values),
            part,
            type,
            addressOf(received),
            part,
            type,
            world,
            request,
          ),
        values,
        received,
      );
    },
    async broadcast(values, root) {
      checkRoot(root, size);
      await inPieces(values.length, (at, end) => {
        const piece = values.subarray(at, end);
        return begin(
          (request) =>
            mpi.call('Ibcast', addressOf(piece), piece.length, typeOf(piece), root, world, request),
          piece,
        );
      });
    },
    barrier(seconds) {
      const request = mpi.requests(1);
      mpi.call('Ibarrier', world, addressOf(request));
      under.add(request);
      return settle(request, [], seconds);
    },
    progress() {
      for (const request of under) {
        if (isDone(request)) under.delete(request);
        else return;
      }
    },
    async close() {
      await begin((request) => mpi.call('Ibarrier', world, request));
      mpi.call('Finalize');
    },
    abort: (exitCode) => mpi.call('Abort', world, exitCode),
  };
}

/** A word that nobody wakes: waiting on it is a rest shorter than any timer's. */
const resting = new Int32Array(new SharedArrayBuffer(4));

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
