/** @file A run's smoothed loss, its recent speed, and the time that is left. */
import type { StepMessage } from './messages.ts';

export interface Pace {
  /** Mean loss, recent steps weighing most. */
  readonly loss: number;
  readonly tokensPerSecond: number;
  /** Seconds. */
  readonly left: number;
}

/** What is left of a value's weight one step later. */
const DECAY = 0.9;

export function createPace(): (message: StepMessage) => Pace {
  const loss = createMean();
  let seconds = createMean();
  let tokens = createMean();
  let steps = 0;
  return (message) => {
    // A process's first step compiles kernels: from the second one on its time is forgotten.
    if (steps === 1) [seconds, tokens] = [createMean(), createMean()];
    steps += 1;
    if (Number.isFinite(message.loss)) loss.add(message.loss);
    seconds.add(message.stepTime);
    tokens.add(message.tokensPerSecond * message.stepTime);
    return {
      loss: loss.value(),
      tokensPerSecond: tokens.value() / seconds.value(),
      left: (message.steps - message.step) * seconds.value(),
    };
  };
}

/** An exponential moving average without the bias of its zero start. */
function createMean() {
  let [sum, weight] = [0, 0];
  return {
    add(value: number): void {
      sum = sum * DECAY + value * (1 - DECAY);
      weight = weight * DECAY + (1 - DECAY);
    },
    value: (): number => sum / weight,
  };
}
