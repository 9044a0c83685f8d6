/** @file What a run tells whoever watches it. */
import type { StepResult } from './step.ts';
import type { WatchAlarm } from './watch/alarm.ts';

export type TrainEvent =
  /** Held-out loss, nats per token, over so many tokens. */
  | { readonly kind: 'evaluation'; readonly step: number; readonly loss: number; readonly tokens: number }
  | {
      readonly kind: 'step';
      readonly result: StepResult;
      readonly tokens: number;
      readonly tokensPerSecond: number;
      /** Seconds. */
      readonly stepTime: number;
      /** Bytes on the device, the most so far. */
      readonly peakMemory: number;
    }
  | {
      readonly kind: 'non-finite';
      readonly step: number;
      readonly loss: number;
      readonly gradientNorm: number;
      /** The first tensor that was not finite, in words and by its parts; layer null: outside the blocks. */
      readonly where: string;
      readonly layer: number | null;
      readonly site: string;
      readonly operand: string;
      readonly value: 'NaN' | 'infinity';
      /** Elements that were not finite, where they were counted. */
      readonly count: number | null;
      readonly updated: boolean;
    }
  /** A tensor is about to break. */
  | { readonly kind: 'watch'; readonly alarm: WatchAlarm }
  | { readonly kind: 'checkpoint'; readonly step: number; readonly path: string }
  /** `stopped`: by the guard. */
  | {
      readonly kind: 'end';
      readonly reason: 'finished' | 'interrupted' | 'stopped';
      readonly step: number;
    };
