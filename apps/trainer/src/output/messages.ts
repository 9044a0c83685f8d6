/** @file Everything the command tells its user, as tagged data: `--json` prints it as it is, the others word it. */
import type { ComparedMetric, Results } from '@octavo/evals';
import type { EvaluationRow, GuardRow, StepRow, Told } from '@octavo/store';
import type { MemoryNeed, TrainEvent } from '@octavo/trainer';

/** At the beginning of a run. */
export interface StartMessage {
  readonly event: 'start';
  readonly model: string;
  readonly parameters: number;
  /** The model that the run starts from, a path; null: random weights. */
  readonly init: string | null;
  /** The peak of a step, reckoned, in bytes. */
  readonly memory: Pick<MemoryNeed, 'parts' | 'total'>;
  readonly recipe: string;
  readonly recipeSummary: string;
  /** Layers whose SwiGLU is smoothed though the recipe does not say so: an earlier part of the run has switched them. */
  readonly switchedLayers: readonly number[];
  readonly device: string;
  /** Processes that share the run, each on a device like this. */
  readonly ranks: number;
  /** What was tried for `--device auto`, with tokens a second; null where there was nothing to choose. */
  readonly deviceChoice: string | null;
  readonly corpus: string;
  readonly trainTokens: number;
  readonly heldOutTokens: number;
  readonly tokensPerStep: number;
  readonly steps: number;
  readonly folder: string;
  /** Steps done by an earlier run of the same folder; 0: a new run. */
  readonly resumedFrom: number;
}

/** An event of the trainer, as it is told. */
type Spoken<E> = E extends { readonly kind: infer K } ? { readonly event: K } & Omit<E, 'kind'> : never;

export type StepMessage = { readonly event: 'step'; readonly steps: number } & Told<StepRow>;

export interface EvaluationMessage extends Omit<Told<EvaluationRow>, 'of'> {
  readonly event: 'evaluation';
  readonly perplexity: number;
  readonly tokens: number;
  /** Of `octavo eval`: the checkpoint's path, and in words which text was read. */
  readonly checkpoint?: string;
  readonly text?: string;
}

/** A model that counts the two bytes before each byte: what a small model must beat. */
export interface BaselineMessage {
  readonly event: 'baseline';
  readonly name: 'order-2 bytes';
  readonly loss: number;
  readonly perplexity: number;
}

/** A tensor is about to break. */
export interface GuardMessage extends Told<GuardRow> {
  readonly event: 'guard';
  /** In words: which tensor and what was seen; what was done, or what would hold. */
  readonly seen: string;
  readonly advice: string;
}

export interface EndMessage extends Spoken<Extract<TrainEvent, { kind: 'end' }>> {
  readonly steps: number;
  readonly folder: string;
  /** Seconds of this process's training. */
  readonly seconds: number;
}

/** Of `octavo eval --tasks`: the parts of lm-evaluation-harness's results, under its keys. */
export interface ResultsMessage extends Results {
  readonly event: 'results';
  readonly checkpoint: string;
  readonly step: number;
}

/** Of `octavo eval --compare`. */
export interface ComparisonMessage {
  readonly event: 'comparison';
  readonly checkpoint: string;
  readonly other: string;
  readonly metrics: readonly ComparedMetric[];
}

export type Message =
  | ResultsMessage
  | ComparisonMessage
  | StartMessage
  | StepMessage
  | EvaluationMessage
  | BaselineMessage
  | GuardMessage
  | EndMessage
  | Spoken<Extract<TrainEvent, { kind: 'non-finite' | 'checkpoint' }>>
  | { readonly event: 'warning'; readonly message: string }
  | { readonly event: 'sample'; readonly prompt: string; readonly text: string }
  | { readonly event: 'next'; readonly command: string; readonly why: string };

/** Where messages go. `close` leaves a terminal as it was found. */
export interface Output {
  say(message: Message): void;
  close(): void;
}
