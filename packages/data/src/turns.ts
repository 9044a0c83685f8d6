/** @file Long work that lets others have a turn: otherwise no signal would be heard until it ends. */
import { setImmediate } from 'node:timers/promises';
import { OctavoError } from '@octavo/formats';

/** Milliseconds of work between turns. */
const TURN = 50;

/** Call it after each piece of work; it throws once `signal` is aborted. */
export function createTurns(signal: AbortSignal | undefined): () => Promise<void> {
  let began = performance.now();
  return async () => {
    if (performance.now() - began > TURN) {
      await setImmediate();
      began = performance.now();
    }
    if (signal?.aborted)
      throw new OctavoError('[data] interrupted: the text was not prepared to its end', { exitCode: 0 });
  };
}
