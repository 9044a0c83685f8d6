/** @file What a run needs in memory against what there is, before anything is allocated. */
import { readFileSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { OctavoError } from '@octavo/formats';
import { memoryNeeded } from '@octavo/trainer';
import { planOf, type Settings } from '../config/settings.ts';

/** Bytes that one WebAssembly memory of 32-bit addresses has: the simd device keeps all its tensors in one. */
const WASM = 2 ** 32;

export interface Room {
  /** Of the machine, or of this process's control group where that has less. */
  readonly memory: number;
  /** Of addresses this process may have (`ulimit -v`); infinite where there is no limit. */
  readonly addresses: number;
  readonly cores: number;
}

export function roomHere(): Room {
  const group = process.constrainedMemory?.() ?? 0;
  const total = totalmem();
  return {
    memory: group > 0 && group < total ? group : total,
    addresses: addressLimit(),
    cores: availableParallelism(),
  };
}

/** Linux says it in a file; elsewhere nobody does. */
function addressLimit(): number {
  try {
    const [, bytes] = /^Max address space\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
    return bytes === undefined ? Number.POSITIVE_INFINITY : Number(bytes);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

export const gigabytes = (bytes: number): string =>
  `${(bytes / 1e9).toPrecision(bytes < 10e9 ? 2 : 3).replace(/\.0$/, '')} GB`;

/**
 * Throws an `OctavoError` (exit code 2) with the parts of what the run needs and what there is, if that is less; under
 * `force` it is said only.
 */
export function checkMemory(
  settings: Settings,
  { force, warn, room = roomHere() }: { force: boolean; warn: (message: string) => void; room?: Room },
): void {
  const { model, knobs } = settings;
  const need = memoryNeeded(planOf(settings));
  const onHost = knobs.device === 'simd' || knobs.device === 'auto';
  const limit = Math.min(room.memory, room.addresses, onHost ? WASM : Number.POSITIVE_INFINITY);
  if (need.total <= limit) return;
  const parts = (['weights', 'optimizer', 'gradients', 'activations'] as const).map(
    (part) => `${part} ${gigabytes(need[part])}`,
  );
  const there = [
    `this machine has ${gigabytes(room.memory)} and ${room.cores} cores`,
    ...(room.addresses < room.memory
      ? [`this process may have ${gigabytes(room.addresses)} (ulimit -v)`]
      : []),
    ...(onHost ? [`device simd holds ${gigabytes(WASM)} at most`] : []),
  ].join(', ');
  const what = `a step of ${model.name} with ${knobs.batch} x ${knobs.sequence} tokens needs about ${gigabytes(need.total)} (${parts.join(', ')}), and ${there}`;
  if (force) {
    warn(`${what}; it is tried all the same`);
    return;
  }
  throw new OctavoError(
    `[run] too little memory: ${what}; choose a smaller --model, --batch or --sequence, or try all the same by --force`,
    { exitCode: 2 },
  );
}
