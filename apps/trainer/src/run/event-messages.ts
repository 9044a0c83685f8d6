/** @file What a run tells of itself, as the user hears it. */
import type { HeldOut } from '@octavo/data';
import { perplexity } from '@octavo/evals';
import { adviceOf, describeAlarm, type TrainEvent, type WatchAlarm } from '@octavo/trainer';
import type { EvaluationMessage, GuardMessage, Message } from '../output/messages.ts';

export function messageOf(
  event: Exclude<TrainEvent, { kind: 'end' }>,
  steps: number,
  heldOut: HeldOut | null,
): Message {
  switch (event.kind) {
    case 'step': {
      const { tokens, tokensPerSecond, stepTime, peakMemory } = event;
      const { step, loss, learningRate, gradientNorm, updateRatio } = event.result;
      return {
        event: 'step',
        step,
        steps,
        loss,
        learningRate,
        gradientNorm,
        updateRatio,
        tokens,
        tokensPerSecond,
        stepTime,
        peakMemory,
      };
    }
    case 'evaluation':
      return evaluationMessage(event.step, event.loss, event.tokens, heldOut!.bytesPerToken);
    case 'non-finite': {
      const { kind, ...what } = event;
      return { event: kind, ...what };
    }
    case 'watch':
      return guardMessage(event.alarm);
    case 'checkpoint':
      return { event: 'checkpoint', step: event.step, path: event.path };
  }
}

/** A held-out loss in the units that people compare. */
export const evaluationMessage = (
  step: number,
  loss: number,
  tokens: number,
  bytesPerToken: number,
): EvaluationMessage => ({
  event: 'evaluation',
  step,
  loss,
  perplexity: perplexity(loss),
  bitsPerByte: loss / (bytesPerToken * Math.LN2),
  tokens,
});

function guardMessage(alarm: WatchAlarm): GuardMessage {
  const { step, layer, site, operand, rule, value, limit, channel = null, recipe, switched } = alarm;
  return {
    ...{ event: 'guard', step, layer, site, operand, rule, value, limit, channel, recipe, switched },
    seen: describeAlarm(alarm),
    advice: adviceOf(alarm),
  };
}
