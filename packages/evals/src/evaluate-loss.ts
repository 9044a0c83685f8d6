/** @file The mean loss of a text that is looked at a window at a time. */
import { OctavoError } from '@octavo/formats';

/** The loss of one window (or batch of windows). */
export interface WindowLoss {
  /** Mean over the window's counted targets, nats per token. */
  readonly loss: number;
  /** How many targets were counted; padding is not. */
  readonly tokens: number;
}

/**
 * `Σ loss · tokens / Σ tokens`, so that a short last window weighs what it should. Windows are evaluated one after
 * another. A loss that is not finite gives a result that is not. Throws where no target was counted.
 */
export async function evaluateLoss<Window>(
  windows: AsyncIterable<Window> | Iterable<Window>,
  lossOf: (window: Window) => Promise<WindowLoss> | WindowLoss,
): Promise<WindowLoss> {
  let sum = 0;
  let counted = 0;
  for await (const window of windows) {
    const { loss, tokens } = await lossOf(window);
    if (!Number.isInteger(tokens) || tokens < 0)
      throw new OctavoError(`[evals] targets of a window: got ${tokens}, expected a whole number from 0 on`);
    if (tokens > 0) sum += loss * tokens;
    counted += tokens;
  }
  if (counted === 0)
    throw new OctavoError(
      '[evals] evaluation: got no targets, expected a held-out text of two tokens or more',
    );
  return { loss: sum / counted, tokens: counted };
}
