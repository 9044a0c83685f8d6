/** @file Everything the command tells its user, as tagged data: `--json` prints it as it is, the others word it. */

/** At the beginning of a run. */
export interface StartMessage {
  readonly event: 'start';
  readonly model: string;
  readonly parameters: number;
  readonly recipe: string;
  readonly recipeSummary: string;
  /** Layers whose SwiGLU is smoothed though the recipe does not say so: an earlier part of the run has switched them. */
  readonly switchedLayers: readonly number[];
  readonly device: string;
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

export interface StepMessage {
  readonly event: 'step';
  readonly step: number;
  readonly steps: number;
  /** Nats per token, of this step. */
  readonly loss: number;
  readonly learningRate: number;
  readonly gradientNorm: number;
  readonly updateRatio: number | null;
  readonly tokens: number;
  readonly tokensPerSecond: number;
  /** Seconds. */
  readonly stepTime: number;
  /** Bytes. */
  readonly peakMemory: number;
}

export interface EvaluationMessage {
  readonly event: 'evaluation';
  readonly step: number;
  /** Nats per token. */
  readonly loss: number;
  readonly perplexity: number;
  readonly bitsPerByte: number;
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
export interface GuardMessage {
  readonly event: 'guard';
  readonly step: number;
  readonly layer: number;
  readonly site: string;
  readonly operand: string;
  readonly rule: string;
  /** What the rule measured, and the limit that it passed. */
  readonly value: number;
  readonly limit: number;
  readonly channel: number | null;
  /** A recipe that would hold. */
  readonly recipe: string;
  /** Smooth-SwiGLU was turned on for the layer. */
  readonly switched: boolean;
  /** In words: which tensor and what was seen; what was done, or what would hold. */
  readonly seen: string;
  readonly advice: string;
}

export interface EndMessage {
  readonly event: 'end';
  readonly reason: 'finished' | 'interrupted' | 'stopped';
  readonly step: number;
  readonly steps: number;
  readonly folder: string;
  /** Seconds of this process's training. */
  readonly seconds: number;
}

export type Message =
  | StartMessage
  | StepMessage
  | EvaluationMessage
  | BaselineMessage
  | GuardMessage
  | EndMessage
  | {
      readonly event: 'non-finite';
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
  | { readonly event: 'checkpoint'; readonly step: number; readonly path: string }
  | { readonly event: 'warning'; readonly message: string }
  | { readonly event: 'sample'; readonly prompt: string; readonly text: string }
  | { readonly event: 'next'; readonly command: string; readonly why: string };

/** Where messages go. `close` leaves a terminal as it was found. */
export interface Output {
  say(message: Message): void;
  close(): void;
}
