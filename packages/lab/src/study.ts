/** @file What every study takes and gives: plain options in, tables, charts and a summary out; no terminal, no files. */
import type { Table } from 'apache-arrow';

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
