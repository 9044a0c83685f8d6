/** @file TensorBoard's event files: numbers by tag and step. No living npm package writes them. */
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { type Crc32c, loadCrc32c } from '@octavo/store';

/** What is written at one step; `restarted`: readers forget what an earlier file has from this step on. */
export interface EventRecord {
  readonly step: number;
  readonly scalars?: Readonly<Record<string, number>>;
  readonly restarted?: boolean;
}

export interface EventFile {
  readonly path: string;
  write(record: EventRecord): void;
  close(): void;
}

/**
 * A new file in `folder`, whole after every record. Records are `length, crc(length), bytes, crc(bytes)` (TensorFlow,
 * `core/lib/io/record_writer.cc`: little endian, CRC-32C masked), the bytes an `Event` (`core/util/event.proto`).
 */
export async function createEventFile(folder: string): Promise<EventFile> {
  const crc32c = await loadCrc32c();
  mkdirSync(folder, { recursive: true });
  const seconds = String(Math.floor(Date.now() / 1000)).padStart(10, '0');
  const path = join(folder, `events.out.tfevents.${seconds}.octavo.${process.pid}`);
  const file = openSync(path, 'a');
  const append = (event: Buffer): void => void writeSync(file, framed(event, crc32c));
  append(Buffer.concat([wallTime(), bytes(3, Buffer.from('brain.Event:2'))]));
  return {
    path,
    write({ step, scalars = {}, restarted = false }) {
      const values = Object.entries(scalars).map(([tag, value]) =>
        bytes(1, Buffer.concat([bytes(1, Buffer.from(tag)), float(2, value)])),
      );
      append(
        Buffer.concat([
          wallTime(),
          varint(2, step),
          ...(values.length > 0 ? [bytes(5, Buffer.concat(values))] : []),
          ...(restarted ? [bytes(7, varint(1, 1))] : []), // SessionLog, status START
        ]),
      );
    },
    close: () => closeSync(file),
  };
}

function framed(event: Buffer, crc32c: Crc32c): Buffer {
  const frame = Buffer.alloc(16 + event.length);
  frame.writeBigUInt64LE(BigInt(event.length), 0);
  frame.writeUInt32LE(masked(crc32c(frame.subarray(0, 8))), 8);
  event.copy(frame, 12);
  frame.writeUInt32LE(masked(crc32c(event)), 12 + event.length);
  return frame;
}

/** A checksum of bytes that hold checksums is not one of them. */
const masked = (crc: number): number => (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;

/** Fields of protocol buffers: number and wire type, then the value. */
function varint(field: number, value: number): Buffer {
  const parts = [field << 3];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...parts, rest]);
    parts.push((rest % 128) | 128);
  }
}
const bytes = (field: number, content: Buffer): Buffer => {
  const head = varint(field, content.length);
  head[0] = (field << 3) | 2;
  return Buffer.concat([head, content]);
};
function float(field: number, value: number): Buffer {
  const part = Buffer.from([(field << 3) | 5, 0, 0, 0, 0]);
  part.writeFloatLE(value, 1);
  return part;
}
function wallTime(): Buffer {
  const part = Buffer.alloc(9, (1 << 3) | 1);
  part.writeDoubleLE(Date.now() / 1000, 1);
  return part;
}
