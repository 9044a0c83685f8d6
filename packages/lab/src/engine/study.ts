/** @file What every study takes and gives: plain options in, tables, charts and a summary out; no terminal, no files. */
import type { Device } from '@octavo/kernels';
import type { LlamaConfig } from '@octavo/llama';
import type { TokenBatch } from '@octavo/trainer';
import type { Table } from 'apache-arrow';

/** A study as the command knows it: its settings, and the function that runs them. */
export interface Study<Settings extends object = object> {
  /** One sentence for a list of studies: what it shows. */
  readonly summary: string;
  readonly full: Settings;
  /** Less of it, within a minute or two: shows the same. */
  readonly quick: Settings;
  /** True: it can be asked about a recorded run (`StudyOptions.subject`) instead of models of its own. */
  readonly takesRun?: true;
  /** Runs what `options.parts` does not hold. Throws the signal's reason when it is aborted; finished parts are kept. */
  run(options: StudyOptions<Settings>, onProgress?: (progress: Progress) => void): Promise<StudyResult>;
}

export interface StudyOptions<Settings extends object = object> {
  readonly settings: Settings;
  readonly seeds: readonly number[];
  readonly device: Device;
  /** The text; byte values are the tokens. */
  readonly bytes: Uint8Array;
  /** Text that is not trained on, for studies that measure on some; without it they hold out the last tenth of `bytes`. */
  readonly heldOut?: Uint8Array | undefined;
  readonly parts: Parts;
  /** The run to study; `seeds` and the text do not count then. Only studies that say `takesRun` look at it. */
  readonly subject?: RecordedRun | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** How far a study has come, told after each part and now and then within one. */
export interface Progress {
  /** Parts done, of all. */
  readonly done: number;
  readonly parts: number;
  /** The part in work, e.g. `seed 1, aged, fp8`. */
  readonly part: string;
  /** Share of that part, 0 to 1. */
  readonly share: number;
}

/** Results of parts that are done, so that a study goes on where it was stopped. Values are plain JSON. */
export interface Parts {
  read(key: string): Promise<unknown>;
  write(key: string, value: unknown): Promise<void>;
  /** Named float32 arrays: a base model and its optimizer. */
  readArrays(key: string): Promise<ReadonlyMap<string, Float32Array> | undefined>;
  writeArrays(key: string, arrays: ReadonlyMap<string, Float32Array>): Promise<void>;
}

/** Parts that are forgotten with the process. */
export function memoryParts(): Parts {
  const values = new Map<string, unknown>();
  const arrays = new Map<string, ReadonlyMap<string, Float32Array>>();
  return {
    read: async (key) => values.get(key),
    write: async (key, value) => void values.set(key, value),
    readArrays: async (key) => arrays.get(key),
    writeArrays: async (key, value) => void arrays.set(key, value),
  };
}

/** A statement to hold the figures to. */
export interface Claim {
  readonly text: string;
  /** What the paper says of it, with its own figures; absent where it says nothing. */
  readonly paper?: string;
  /** Measured, one number a seed. */
  readonly values: readonly number[];
  readonly holds: boolean;
}

export interface StudyResult {
  readonly tables: Readonly<Record<string, Table>>;
  /** Vega-Lite specifications, by name. */
  readonly charts: Readonly<Record<string, object>>;
  readonly summary: {
    readonly claims: readonly Claim[];
    /** For people. */
    readonly markdown: string;
  };
}

/** A run of `octavo train` as a study takes it: plain data, whoever reads the folder. */
export interface RecordedRun {
  /** For people: its folder. */
  readonly name: string;
  readonly seed: number;
  /** Of its newest checkpoint. */
  readonly step: number;
  readonly model: LlamaConfig;
  readonly activations: 'bf16' | 'fp32';
  readonly sequence: number;
  /** The checkpoint's weights, by the parameter's name. */
  readonly weights: ReadonlyMap<string, Float32Array>;
  /** The next batch of the text that it was trained on, from the beginning. */
  next(): Promise<TokenBatch> | TokenBatch;
  /** What it recorded of its tensors, step by step. */
  readonly tensors: readonly RecordedRow[];
}

/** A row of `tensors.arrow`, as far as studies need it. */
export interface RecordedRow {
  readonly step: number;
  readonly layer: number;
  readonly site: string;
  readonly operand: string;
  readonly format: string;
  readonly amax: number;
  readonly rms: number;
}
