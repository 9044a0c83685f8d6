/** @file What a place to keep files in can do: a handful of functions, which each kind of place has in a file of its own. */

/** A file opened for reading; its size is that at the time of opening. */
export interface ReadableFile {
  readonly path: string;
  readonly size: number;
  /** Exactly `length` fresh bytes from `position`. Throws an `OctavoError` where the file is shorter. */
  read(position: number, length: number): Promise<Uint8Array<ArrayBuffer>>;
  /** As `read`, into memory that exists. */
  readInto(target: Uint8Array, position: number): Promise<void>;
  close(): Promise<void>;
}

/** A file that nobody sees until `commit` gives it its name. */
export interface AtomicFile {
  readonly path: string;
  /** Appends the pieces. */
  write(pieces: readonly Uint8Array[]): Promise<void>;
  /** Makes it last and gives it its name; what stood under `path` before is replaced in one step. */
  commit(): Promise<void>;
  /** Removes what was written; harmless after `commit`. */
  abort(): Promise<void>;
}

export interface Seen {
  /** `other`: a pipe, a socket, a device. */
  readonly kind: 'file' | 'folder' | 'other';
  /** Bytes of a file. */
  readonly size: number;
}

/** One kind of place. Every failure is an `OctavoError` that names the address. */
export interface Driver {
  /** What is there, links followed; null: nothing. */
  look(address: string): Promise<Seen | null>;
  open(address: string): Promise<ReadableFile>;
  /** Starts a file that appears when it is complete; folders that are missing are made. Call `abort` after a failure. */
  create(address: string): Promise<AtomicFile>;
  /** Names in a folder, in no order; none where it is missing. */
  list(folder: string): Promise<string[]>;
  /** Harmless where there is nothing. */
  remove(address: string): Promise<void>;
  move(from: string, to: string): Promise<void>;
  /** Removes what killed processes left half written in a folder; returns how many. */
  sweep(folder: string): Promise<number>;
}

/** A place that nobody else writes to. */
export interface PlaceLock {
  readonly folder: string;
  /**
   * Whether it is still ours: false once it is moved, deleted, or taken by another. In a bucket the answer may be half a
   * minute old, unless it is to be `certain`.
   */
  holds(certain?: boolean): Promise<boolean>;
  release(): Promise<void>;
}
