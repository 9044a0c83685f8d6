/**
 * @file Signals that ask a command to end: the first lets it finish what it is about and save; Ctrl-C or SIGTERM again ends
 * it at once. SIGHUP is a terminal that closes; SIGUSR1 and SIGUSR2 are how batch systems announce the end of the time.
 */
import { OctavoError } from '@octavo/formats';

/** `npm` and `npx` pass on the interrupt that the terminal has already sent: two this close together (ms) are one. */
const SAME_PRESS = 500;

const IMPATIENT = ['SIGINT', 'SIGTERM'] as const;
const ANNOUNCED = ['SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const;

export interface Interrupt {
  readonly signal: AbortSignal;
  /** Throws where standard output could not be written, for what reason. */
  checkOutput(): void;
  /** Gives the signals back to Node. */
  release(): void;
}

/** `onFirst` is called once, so that the user hears that the run is ending. */
export function catchInterrupts(onFirst: () => void = () => {}): Interrupt {
  const controller = new AbortController();
  let first = Number.POSITIVE_INFINITY;
  let failure: NodeJS.ErrnoException | null = null;
  const announced = (): void => {
    if (controller.signal.aborted) return;
    controller.abort();
    onFirst();
  };
  const impatient = (): void => {
    const now = performance.now();
    announced();
    if (now - first > SAME_PRESS) process.exit(130);
    first = Math.min(first, now);
  };
  // A reader that has gone away (`octavo train | head`), or a full disk behind `>`, ends the run as an interrupt does.
  const unwritable = (error: NodeJS.ErrnoException): void => {
    if (error.code !== 'EPIPE') failure ??= error;
    controller.abort();
  };
  for (const signal of IMPATIENT) process.on(signal, impatient);
  for (const signal of ANNOUNCED) process.on(signal, announced);
  process.stdout.on('error', unwritable);
  return {
    signal: controller.signal,
    checkOutput() {
      if (failure)
        throw new OctavoError(
          `[run] standard output cannot be written: got ${failure.code}, expected room for what is printed; what was done is saved`,
          { cause: failure },
        );
    },
    release() {
      for (const signal of IMPATIENT) process.off(signal, impatient);
      for (const signal of ANNOUNCED) process.off(signal, announced);
      process.stdout.off('error', unwritable);
    },
  };
}
