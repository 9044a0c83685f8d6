/** @file A process that is killed at its n-th file operation, played within this one: from there on nothing reaches the disk. */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

/** What every file operation throws from the kill on. */
export class Killed extends Error {}

type Call = (...given: never[]) => unknown;
type Table = Record<string, Call>;

const SYNC = [
  'openSync',
  'writeSync',
  'copyFileSync',
  'renameSync',
  'ftruncateSync',
  'fdatasyncSync',
  'fsyncSync',
];
const MORE = ['rmSync', 'mkdirSync'];
const PROMISED = ['open', 'rename', 'rm', 'mkdir'];
const HANDLE = ['write', 'writev', 'sync', 'datasync'];

/** Counted, and not done: what a kill leaves does not depend on them, and they take all the time. */
const FLUSHES = new Set(['fdatasyncSync', 'fsyncSync', 'sync', 'datasync']);

export interface Outcome {
  /** File operations that were begun. */
  readonly operations: number;
  readonly killed: boolean;
}

/**
 * Runs `use`, and kills it at file operation `at` (from 0; Infinity: never), which a write has then done by half. Its
 * process number is one that no process has.
 */
export async function killedAt(at: number, use: () => Promise<void>): Promise<Outcome> {
  const handle = await fs.promises.open(new URL(import.meta.url), 'r');
  const prototype = Object.getPrototypeOf(handle) as Table;
  await handle.close();
  let operations = 0;
  /** `half` does a part of the operation in the moment of the kill. */
  const step = (half?: () => unknown): void => {
    if (operations < at) {
      operations += 1;
      return;
    }
    if (operations === at) half?.();
    operations = Number.POSITIVE_INFINITY;
    throw new Killed();
  };
  const undo: (() => void)[] = [];
  const replace = (
    table: Table,
    names: readonly string[],
    wrap: (original: Call, name: string) => Call,
  ): void => {
    for (const name of names) {
      const original = table[name]!;
      table[name] = wrap(original, name);
      undo.push(() => {
        table[name] = original;
      });
    }
  };
  replace(
    fs as unknown as Table,
    [...SYNC, ...MORE],
    (original, name) =>
      function (this: unknown, ...given) {
        const [target, bytes, from, length, position] = given as unknown as [
          number,
          Uint8Array,
          number,
          number,
          number,
        ];
        step(
          name === 'writeSync'
            ? () => original(...([target, bytes, from, length >> 1, position] as never[]))
            : undefined,
        );
        return FLUSHES.has(name) ? undefined : original.apply(this, given);
      },
  );
  const promised = (original: Call, name: string): Call =>
    async function (this: unknown, ...given) {
      step();
      return FLUSHES.has(name) ? undefined : original.apply(this, given);
    };
  replace(fs.promises as unknown as Table, PROMISED, promised);
  replace(prototype, HANDLE, promised);
  const pid = process.pid;
  Object.defineProperty(process, 'pid', {
    value: 2 ** 22 + 1 + (at === Number.POSITIVE_INFINITY ? 0 : at),
    configurable: true,
  });
  syncBuiltinESMExports();
  try {
    await use();
  } catch (error) {
    if (Number.isFinite(operations)) throw error;
  } finally {
    for (const one of undo) one();
    Object.defineProperty(process, 'pid', { value: pid, configurable: true, writable: true });
    syncBuiltinESMExports();
  }
  return { operations, killed: !Number.isFinite(operations) };
}
