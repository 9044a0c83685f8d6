// @module-tag slow
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { loadMpi } from '../src/mpi/library.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const ranks = fileURLToPath(new URL('./ranks.mjs', import.meta.url));

const run = (count: number, ...what: string[]) =>
  spawnSync(
    'mpirun',
    [
      ...(process.getuid?.() === 0 ? ['--allow-run-as-root'] : []),
      ...['--oversubscribe', '-n', String(count), process.execPath, ranks, ...what],
    ],
    { encoding: 'utf8', timeout: 120_000 },
  );

const isThere = ((): boolean => {
  try {
    loadMpi(null);
    return /Open MPI/.test(spawnSync('mpirun', ['--version'], { encoding: 'utf8' }).stdout ?? '');
  } catch {
    return false;
  }
})();

describe.runIf(isThere)('with Open MPI', () => {
  beforeAll(() => {
    // Ranks run the compiled package: Node 20 cannot run TypeScript. Nothing is done where it is up to date.
    const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    spawnSync(process.execPath, [tsc, '-b', 'packages/mpi'], { cwd: root });
  });

  test.each([1, 2, 3, 4])('%i ranks agree on every operation', { timeout: 150_000 }, (count) => {
    const { stdout, stderr, status } = run(count);
    expect(stdout.trim().split('\n').sort(), stderr).toEqual(
      Array.from({ length: count }, (_, rank) =>
        expect.stringMatching(`^${rank} of ${count} by Open MPI v[0-9.]+: right$`),
      ),
    );
    expect(status).toBe(0);
  });

  test('a rank that stops is named by the others, and all end', { timeout: 150_000 }, () => {
    const { stdout, stderr, status } = run(3, 'stalled');
    expect(stderr).toMatch(
      /^rank [01]: \[mpi\] rank 2 did not answer within 2 s: look at the machines they run on, then resume/m,
    );
    expect([stdout, status]).toEqual(['', 1]);
  });
});

test.skipIf(isThere)('without MPI the reason is said, and what to install', () => {
  expect(() => loadMpi(null)).toThrow(/^\[mpi\] cannot use MPI: .*: install Open MPI \(apt-get install/);
});

test('another file than an MPI library is refused by name', () => {
  expect(() => loadMpi('/no/such/libmpi.so')).toThrow(/^\[mpi\] cannot use \/no\/such\/libmpi\.so: /);
});
