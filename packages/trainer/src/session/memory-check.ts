/** @file What work needs in memory against what there is, before anything is allocated. */
import { readFileSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { OctavoError } from '@octavo/formats';
import type { Workload } from '../device/trial.ts';
import { memoryNeeded } from '../memory.ts';

/** Bytes that one WebAssembly memory of 32-bit addresses has: the simd device keeps all its tensors in one. */
const WASM = 2 ** 32;

/** What there is, in bytes. */
export interface Room {
  /** Of the machine, or of this process's control group where that has less. */
  readonly memory: number;
  /** Of addresses this process may have (`ulimit -v`); infinite where there is no limit. */
  readonly addresses: number;
  readonly cores: number;
}

/** Of this machine and process. */
export function roomHere(): Room {
  const group = process.constrainedMemory?.() ?? 0;
  const total = totalmem();
  return {
    memory: group > 0 && group < total ? group : total,
    addresses: addressLimit(),
    cores: availableParallelism(),
  };
}

/** Linux has it in a file; other systems do not tell. */
function addressLimit(): number {
  try {
    const [, bytes] = /^Max address space\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
    return bytes === undefined ? Number.POSITIVE_INFINITY : Number(bytes);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

/** `4.3 GB`. */
export const gigabytes = (bytes: number): string =>
  `${(bytes / 1e9).toPrecision(bytes < 10e9 ? 2 : 3).replace(/\.0$/, '')} GB`;

export interface MemoryCheck {
  /** In words, e.g. `a step of nano`. */
  readonly what: string;
  /** The device that is asked for. */
  readonly device: string;
  readonly force: boolean;
  readonly warn: (message: string) => void;
  readonly room?: Room;
}

/**
 * Throws an `OctavoError` (exit code 2) with the parts of what the work needs and what there is, if that is less; under
 * `force` it is said only.
 */
export function checkMemory(
  work: Workload,
  { what, device, force, warn, room = roomHere() }: MemoryCheck,
): void {
  const { parts, total } = memoryNeeded(work);
  const onHost = device === 'simd' || device === 'auto';
  const limit = Math.min(room.memory, room.addresses, onHost ? WASM : Number.POSITIVE_INFINITY);
  if (total <= limit) return;
  const there = [
    `this machine has ${gigabytes(room.memory)} and ${room.cores} cores`,
    ...(room.addresses < room.memory
      ? [`this process may have ${gigabytes(room.addresses)} (ulimit -v)`]
      : []),
    ...(onHost ? [`device simd holds ${gigabytes(WASM)} at most`] : []),
  ].join(', ');
  const shape = work.kind === 'generate' ? '' : ` with ${work.batch} x ${work.sequence} tokens`;
  const inParts = Object.entries(parts).map(([part, bytes]) => `${part} ${gigabytes(bytes)}`);
  const said = `${what}${shape} needs about ${gigabytes(total)} (${inParts.join(', ')}), and ${there}`;
  if (force) {
    warn(`${said}; it is tried all the same`);
    return;
  }
  throw new OctavoError(
    `[run] too little memory: ${said}; ${ADVICE[work.kind]}, or try all the same by --force`,
    {
      exitCode: 2,
    },
  );
}

const ADVICE: Readonly<Record<Workload['kind'], string>> = {
  train: 'choose a smaller --model, --batch or --sequence, or --recompute full',
  evaluate: 'take a larger machine',
  generate: 'take a larger machine',
};
