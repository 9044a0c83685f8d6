/** @file What a file of rows has. */

/** A value, usually an object, and where it stands, for messages. */
export interface Row {
  readonly where: string;
  readonly value: unknown;
}
