/** @file Ctrl-C and SIGTERM: the first asks the run to finish its step and save, the second ends it at once. */

/** `npm` and `npx` pass on the interrupt that the terminal has already sent: two this close together (ms) are one. */
const SAME_PRESS = 500;

export interface Interrupt {
  readonly signal: AbortSignal;
  /** Gives the signals back to Node. */
  release(): void;
}

/** `onFirst` is called once, so that the user hears that the run is ending. */
export function catchInterrupts(onFirst: () => void): Interrupt {
  const controller = new AbortController();
  let first = 0;
  const listen = (): void => {
    if (!controller.signal.aborted) {
      first = performance.now();
      controller.abort();
      onFirst();
    } else if (performance.now() - first > SAME_PRESS) process.exit(130);
  };
  process.on('SIGINT', listen);
  process.on('SIGTERM', listen);
  // A reader that has gone away (`octavo train | head`) ends the run as an interrupt does.
  const gone = (): void => controller.abort();
  process.stdout.on('error', gone);
  return {
    signal: controller.signal,
    release() {
      process.off('SIGINT', listen);
      process.off('SIGTERM', listen);
      process.stdout.off('error', gone);
    },
  };
}
