/** @file Every failure is one line on standard error and an exit code: 1 failed, 2 bad usage. */
import { OctavoError, visible } from '@octavo/formats';
import { gigabytes, roomHere } from '@octavo/trainer';
import { CommanderError } from 'commander';

/** What standard error says of an error, and the exit code. */
export function describeError(error: unknown, debug: boolean): { text: string; exitCode: number } {
  if (error instanceof CommanderError) return { text: '', exitCode: error.exitCode === 0 ? 0 : 2 }; // commander has said it
  const exitCode = OctavoError.is(error) ? error.exitCode : 1;
  if (debug && error instanceof Error) return { text: `octavo: ${error.stack}${causes(error)}\n`, exitCode };
  return { text: `octavo: ${oneLine(messageOf(error))}\n`, exitCode };
}

function messageOf(error: unknown): string {
  if (OctavoError.is(error)) return error.message;
  if (!(error instanceof Error)) return String(error);
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOSPC')
    return `the disk is full: ${error.message}; the last checkpoint is intact: free some space, then octavo train --resume`;
  if (isOutOfMemory(error)) {
    const { memory, addresses } = roomHere();
    const limit =
      addresses < Number.POSITIVE_INFINITY
        ? `, of which this process may address ${gigabytes(addresses)} (ulimit -v; WebAssembly asks for about 10 GB of addresses at a time, however little it uses)`
        : '';
    return `out of memory: ${error.message}; this machine has ${gigabytes(memory)}${limit}: raise the limit, or choose a smaller --model, --batch or --sequence`;
  }
  // An error of the system says enough; any other is a fault of ours, and worth a report.
  return code ? error.message : `${error.name}: ${error.message} (a stack trace: --debug)`;
}

/** What V8 throws where memory ends. */
const isOutOfMemory = (error: Error): boolean =>
  error instanceof RangeError && /out of memory|allocat|array (buffer )?length|Memory/i.test(error.message);

function causes(error: Error): string {
  return error.cause instanceof Error ? `\ncaused by ${error.cause.stack}${causes(error.cause)}` : '';
}

/** In one line, and nothing in it that a terminal would obey. */
export const oneLine = (text: string): string => visible(text.trim().replace(/\s*\n\s*/g, ' '));
