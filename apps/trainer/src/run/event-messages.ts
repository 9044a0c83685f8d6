/** @file What a run tells of itself, as the user hears it. */
import { perplexity } from '@octavo/evals';
import { type EvaluationRow, guardStatistics, rowFrom, told } from '@octavo/store';
import { adviceOf, describeAlarm, type GuardAlarm, type TrainEvent } from '@octavo/trainer';
import type { EvaluationMessage, GuardMessage, Message } from '../output/messages.ts';

export function messageOf(event: Exclude<TrainEvent, { kind: 'end' }>, steps: number): Message {
  switch (event.kind) {
    case 'step': {
      const { step, ...facts } = told(event.row);
      return { event: 'step', step, steps, ...facts };
    }
    case 'evaluation':
      return evaluationMessage(event.row, event.tokens);
    case 'non-finite': {
      const { kind, ...what } = event;
      return { event: kind, ...what };
    }
    case 'guard':
      return guardMessage(event.alarm);
    case 'checkpoint':
      return { event: 'checkpoint', step: event.step, path: event.path };
  }
}

/** A held-out loss in the units that people compare. */
export function evaluationMessage(row: EvaluationRow, tokens: number): EvaluationMessage {
  const { step, loss, bitsPerByte } = told(row);
  return { event: 'evaluation', step, loss, perplexity: perplexity(loss), bitsPerByte, tokens };
}

function guardMessage(alarm: GuardAlarm): GuardMessage {
  const row = rowFrom(guardStatistics, alarm);
  return { event: 'guard', ...told(row), seen: describeAlarm(alarm), advice: adviceOf(alarm) };
}
