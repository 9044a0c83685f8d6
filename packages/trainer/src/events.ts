/** @file The events of a run. */
import type { EvaluationRow, StepRow } from '@octavo/store';
import type { GuardAlarm } from './guard/alarm.ts';
import type { NonFinite } from './non-finite.ts';
import type { StepResult } from './step.ts';

export type TrainEvent =
  /** The loss on held-out text, and the number of tokens it is the mean of. */
  | { readonly kind: 'evaluation'; readonly row: EvaluationRow; readonly tokens: number }
  | { readonly kind: 'step'; readonly row: StepRow; readonly result: StepResult }
  /** The first tensor that was not finite, in words and by its parts; layer null: outside the blocks. */
  | (Omit<NonFinite, 'name'> & {
      readonly kind: 'non-finite';
      readonly step: number;
      readonly loss: number;
      readonly gradientNorm: number;
      readonly site: string;
      readonly updated: boolean;
    })
  /** A tensor is about to break. */
  | { readonly kind: 'guard'; readonly alarm: GuardAlarm }
  | { readonly kind: 'checkpoint'; readonly step: number; readonly path: string }
  /** `stopped`: by the guard. */
  | {
      readonly kind: 'end';
      readonly reason: 'finished' | 'interrupted' | 'stopped';
      readonly step: number;
    };
