/** @file What a report knows of a run: rows of its statistics files, of which store declares every column, unit and meaning. */
import type {
  evaluationStatistics,
  guardStatistics,
  StoredRow,
  stepStatistics,
  tensorStatistics,
} from '@octavo/store';

export interface ReportRun {
  /** For people; unlike that of every other run in the report. */
  readonly name: string;
  readonly recipe: string;
  readonly seed: number;
  /** Tokens of one step: batch, accumulation and sequence, multiplied. */
  readonly tokensPerStep: number;
  readonly steps: readonly StepPoint[];
  readonly tensors: readonly TensorPoint[];
  readonly evaluations: readonly EvaluationPoint[];
  /** Held-out loss of an order-2 byte model, nats per token; null where it was not recorded. */
  readonly baseline: number | null;
  readonly alarms: readonly AlarmPoint[];
}

/** Of `steps.arrow`. Null: not recorded, or not finite. */
export type StepPoint = Pick<
  StoredRow<typeof stepStatistics>,
  'step' | 'loss' | 'learning_rate' | 'gradient_norm' | 'tokens_per_second' | 'peak_memory'
>;

/** Where in the model; layer −1: outside the layers. */
interface Place {
  readonly layer: number;
}
type Tensor = StoredRow<typeof tensorStatistics>;

/** Of `tensors.arrow`: a cast, or (operand `gate-up-alignment`) the gate and up vectors of a layer. */
export type TensorPoint = Place &
  Pick<Tensor, 'step' | 'site' | 'operand' | 'format' | 'amax' | 'overflows' | 'underflows' | 'kurtosis'> &
  Pick<Tensor, 'abs_cosine_max' | 'abs_cosine_mean' | 'abs_cosine_above'>;

/** What pictures of layers and steps show of a cast. */
export type Measured = 'amax' | 'overflows' | 'underflows' | 'kurtosis';

/** Of `evaluations.arrow`: the run's own. */
export type EvaluationPoint = Pick<StoredRow<typeof evaluationStatistics>, 'step' | 'loss'>;

/** Of `guard.arrow`. */
export type AlarmPoint = Place &
  Pick<StoredRow<typeof guardStatistics>, 'step' | 'site' | 'operand' | 'rule' | 'recipe' | 'switched'>;
