/** @file What a bucket is asked, and what it answers. */

export interface Request {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE';
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
  /** Statuses that the caller deals with, beside success. */
  readonly answers?: readonly number[];
  /** Times that it is tried; default: as the environment says. */
  readonly attempts?: number;
  /** Milliseconds that one try may take. */
  readonly timeout?: number;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Uint8Array<ArrayBuffer>;
  /** Tries that it took: after the first, an earlier one may have done what it was to do. */
  readonly tries: number;
}
