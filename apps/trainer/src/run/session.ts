/** @file What a session has from its beginning to its end. */
import type { TrainingText } from '@octavo/data';
import type { Communicator } from '@octavo/mpi';
import type { LogSink, SessionDevice, TrainPlan } from '@octavo/trainer';
import type { Output } from '../output/messages.ts';
import type { Origin } from './origin.ts';

export interface Session extends SessionDevice {
  readonly group: Communicator;
  /** Of the settings, cut for the ranks. */
  readonly plan: TrainPlan;
  readonly origin: Origin;
  readonly text: TrainingText;
  readonly output: Output;
  readonly signal: AbortSignal;
  readonly log: LogSink | null;
}
