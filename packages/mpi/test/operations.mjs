/**
 * @file Every operation of a group against what it must give.
 *
 * @typedef {import('../src/index.ts').Communicator} Communicator
 */

/** Value i of rank r: whole numbers, so that sums are exact in any order. @param {number} r @param {number} i */
const value = (r, i) => ((r + 1) * 7919 + i * 31) % 1009;

/**
 * What is wrong, of each operation; every rank of the group runs it.
 * @param {Communicator} group @param {readonly number[]} lengths of the arrays @param {number} longest of a sum
 */
export async function faultsOf(group, lengths, longest = 3000) {
  const { rank, size } = group;
  /** @type {string[]} */
  const faults = [];
  const ranks = Array.from({ length: size }, (_, r) => r);
  /** @param {string} what @param {ArrayLike<number>} got @param {ArrayLike<number>} expected */
  const same = (what, got, expected) => {
    if (got.length !== expected.length || !Array.from(got).every((one, i) => Object.is(one, expected[i])))
      faults.push(
        `${what}: got ${Array.from(got).slice(0, 5)}, expected ${Array.from(expected).slice(0, 5)}`,
      );
  };

  for (const length of lengths) {
    for (const Type of [Float32Array, Int32Array]) {
      for (const operation of /** @type {const} */ (['sum', 'max'])) {
        const name = `${operation} of ${length} in ${Type.name}`;
        /** @param {number} i */
        const whole = (i) => {
          const all = ranks.map((r) => value(r, i));
          return operation === 'sum' ? all.reduce((a, b) => a + b) : Math.max(...all);
        };
        const values = Type.from({ length }, (_, i) => value(rank, i));
        await group.allReduce(values, operation);
        same(
          `allReduce: ${name}`,
          values,
          Type.from({ length }, (_, i) => whole(i)),
        );
        const own = new Type(length);
        const parts = Type.from({ length: length * size }, (_, i) => value(rank, i));
        await group.reduceScatter(parts, own, operation);
        same(
          `reduceScatter: ${name}`,
          own,
          Type.from({ length }, (_, i) => whole(rank * length + i)),
        );
      }
    }
    for (const Type of [Float32Array, Int32Array, Uint8Array]) {
      const name = `${length} in ${Type.name}`;
      const gathered = new Type(length * size);
      await group.allGather(
        Type.from({ length }, (_, i) => value(rank, i)),
        gathered,
      );
      same(
        `allGather: ${name}`,
        gathered,
        Type.from({ length: length * size }, (_, i) => value(Math.floor(i / length), i % length)),
      );
      const received = new Type(length * size);
      await group.allToAll(
        Type.from({ length: length * size }, (_, i) => value(rank, i)),
        received,
      );
      same(
        `allToAll: ${name}`,
        received,
        Type.from({ length: length * size }, (_, i) =>
          value(Math.floor(i / length), rank * length + (i % length)),
        ),
      );
      const told = Type.from({ length }, (_, i) => value(rank, i));
      await group.broadcast(told, size - 1);
      same(
        `broadcast: ${name}`,
        told,
        Type.from({ length }, (_, i) => value(size - 1, i)),
      );
    }
  }

  const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;
  const strange = [nan, infinity, -0, -1e-45, 3.4e38, -infinity, -3];
  const theirs = size > 1 ? -5 : -infinity;
  const maxima = Float32Array.from(strange, (x, i) => (i % size === rank ? x : -5));
  await group.allReduce(maxima, 'max');
  same(
    'max of strange values',
    maxima,
    Float32Array.from(strange, (x) => Math.max(x, theirs)),
  );

  const several = [1, 1000, longest].map((length, k) => new Float32Array(length).fill(value(rank, k)));
  const underWay = several.map((values) => group.allReduce(values, 'sum'));
  group.progress();
  await Promise.all(underWay);
  same(
    'three at once',
    several.map((values) => values.at(-1) ?? nan),
    [0, 1, 2].map((k) => ranks.reduce((sum, r) => sum + value(r, k), 0)),
  );

  const impossible = [
    ['reduceScatter', () => group.reduceScatter(new Float32Array(size + 1), new Float32Array(1), 'sum')],
    ['allGather', () => group.allGather(new Float32Array(1), new Int32Array(size))],
    ['allToAll', () => group.allToAll(new Uint8Array(size), new Uint8Array(size + 1))],
    ['broadcast', () => group.broadcast(new Uint8Array(1), size)],
  ];
  for (const [operation, call] of /** @type {[string, () => Promise<void>][]} */ (impossible)) {
    const said = await call().then(
      () => 'nothing',
      (error) => error.message,
    );
    if (!said.startsWith(`[mpi] ${operation}: got `) || !said.includes(', expected '))
      faults.push(`${operation} of impossible lengths said: ${said}`);
  }
  await group.barrier();
  return faults;
}
