/** @file What every study takes and gives, no terminal, no files; its parts, done once: a stopped study goes on from them. */
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

/** Whose part it is: what charts and tables know it by. */
export interface Label {
  /** 0 for a part of no seed. */
  readonly seed: number;
  /** E.g. `['aged', 'fp8']`. */
  readonly words: readonly string[];
}

export interface Job extends Label {
  /** Name of the part's result, a file name, e.g. `seed-1.aged.fp8`. */
  readonly key: string;
  /** For people, e.g. `seed 1, aged, fp8`. */
  readonly name: string;
  /** Computes the result, plain JSON; `onShare` hears how much of it is done, 0 to 1. */
  run(onShare: (share: number) => void): Promise<unknown>;
}

/** A part of one seed's work; its key and its name are made from its words. */
export const seedJob = (seed: number, words: readonly string[], run: Job['run']): Job => ({
  seed,
  words,
  key: [`seed-${seed}`, ...words].join('.'),
  name: [`seed ${seed}`, ...words].join(', '),
  run,
});

/** A part that is done. */
export interface Done extends Label {
  /** As JSON has it: not finite is null. */
  readonly result: unknown;
}

/** The parts whose first word is one of `kinds`, their results taken for `T`. */
export const resultsOf = <T>(done: readonly Done[], ...kinds: readonly string[]) =>
  done
    .filter(({ words }) => kinds.includes(words[0]!))
    .map(({ seed, words: [kind, of = ''], result }) => ({ seed, kind: kind!, of, result: result as T }));

/** In the order of `jobs`: those that `parts` holds are read, the others computed and written there. */
export async function runJobs(
  jobs: readonly Job[],
  parts: Parts,
  onProgress: (progress: Progress) => void = () => {},
): Promise<Done[]> {
  const all: Done[] = [];
  for (const [done, job] of jobs.entries()) {
    const tell = (share: number) => onProgress({ done, parts: jobs.length, part: job.name, share });
    let result = await parts.read(job.key);
    if (result === undefined) {
      tell(0);
      result = await job.run(tell);
      await parts.write(job.key, result);
    }
    all.push({ seed: job.seed, words: job.words, result });
  }
  onProgress({ done: jobs.length, parts: jobs.length, part: 'tables and charts', share: 1 });
  return all;
}

/** The same promise at every call after the first: what several parts need is made when the first unfinished one asks. */
export function lazily<A extends readonly unknown[], T>(
  make: (...args: A) => Promise<T>,
): (...args: A) => Promise<T> {
  let made: Promise<T> | null = null;
  return (...args) => {
    made ??= make(...args);
    return made;
  };
}
