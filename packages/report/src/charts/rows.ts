/** @file What a report knows of a run: plain rows, whoever read the files. */

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

/** A row of `steps.arrow`. Null: not recorded, or not finite. */
export interface StepPoint {
  readonly step: number;
  /** Nats per token. */
  readonly loss: number | null;
  readonly learningRate: number | null;
  readonly gradientNorm: number | null;
  readonly tokensPerSecond: number | null;
  /** Bytes. */
  readonly peakMemory: number | null;
}

/** A row of `tensors.arrow`: a cast, or (operand `gate-up-alignment`) the gate and up vectors of a layer. */
export interface TensorPoint {
  readonly step: number;
  readonly layer: number;
  readonly site: string;
  readonly operand: string;
  readonly format: string;
  readonly amax: number | null;
  /** Fractions of the elements. */
  readonly overflows: number | null;
  readonly underflows: number | null;
  readonly kurtosis: number | null;
  readonly cosineMax: number | null;
  readonly cosineMean: number | null;
  /** Channels above 0.9. */
  readonly cosineAbove: number | null;
}

/** Loss on text that is not trained on. */
export interface EvaluationPoint {
  readonly step: number;
  readonly loss: number;
}

/** A row of `guard.arrow`. */
export interface AlarmPoint {
  readonly step: number;
  readonly layer: number;
  readonly site: string;
  readonly operand: string;
  readonly rule: string;
  readonly recipe: string;
  readonly switched: boolean;
}
