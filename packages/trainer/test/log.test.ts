/** @file Event files are what TensorBoard reads: framed, checked, and a resumed run forgets what it does again. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openRunLog, type TrainEvent } from '../src/index.ts';
import { createEventFile } from '../src/log/event-file.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'octavo-log-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Bit by bit, as the polynomial says. */
function slowCrc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
  }
  return ~crc >>> 0;
}
const masked = (crc: number): number =>
  Number((BigInt((crc >>> 15) | (crc << 17)) + 0xa282ead8n) & 0xffffffffn);

/** The records of a file, their frames checked. */
function recordsOf(path: string): Buffer[] {
  const file = readFileSync(path);
  const records: Buffer[] = [];
  for (let at = 0; at < file.length; ) {
    const length = Number(file.readBigUInt64LE(at));
    expect(file.readUInt32LE(at + 8)).toBe(masked(slowCrc32c(file.subarray(at, at + 8))));
    const record = file.subarray(at + 12, at + 12 + length);
    expect(file.readUInt32LE(at + 12 + length)).toBe(masked(slowCrc32c(record)));
    records.push(record);
    at += 16 + length;
  }
  return records;
}

it('holds records that a reader can check, in protocol buffers', async () => {
  const file = await createEventFile(join(folder, 'a'));
  file.write({ step: 300, scalars: { 'train/loss': 2.5 } });
  file.close();
  const [version, event] = recordsOf(file.path);
  expect(version!.subarray(9).toString('latin1')).toBe('\x1a\x0dbrain.Event:2');
  // wall_time, step 300, summary { value { tag, simple_value 2.5 } }
  expect(event!.subarray(9).toString('hex')).toBe(
    ['10ac02', '2a13', '0a11', '0a0a', Buffer.from('train/loss').toString('hex'), '15', '00002040'].join(''),
  );
  expect(event!.readDoubleLE(1)).toBeGreaterThan(1.7e9);
});

it('has the numbers of steps and evaluations, and what a run that goes on does again is forgotten', async () => {
  const row = { step: 7, loss: Number.NaN, tokens: 9n, learning_rate: 0.5 };
  const log = await openRunLog(join(folder, 'run'), 6);
  log.write({ kind: 'step', row } as unknown as TrainEvent);
  log.write({ kind: 'evaluation', row: { step: 7, loss: 3, of: 'run' }, tokens: 5 } as unknown as TrainEvent);
  log.write({ kind: 'checkpoint', step: 7, path: 'x' });
  log.close();
  const [name] = readdirSync(join(folder, 'run/tensorboard'));
  expect(name).toMatch(/^events\.out\.tfevents\.\d{10}\./);
  const [, restart, step, evaluation, ...more] = recordsOf(join(folder, 'run/tensorboard', name!));
  expect(restart!.subarray(9).toString('hex')).toBe('10073a020801');
  const tags = (record: Buffer): string[] =>
    record.toString('latin1').match(/(train|held_out)\/[a-z_]+/g) ?? [];
  expect(tags(step!)).toEqual(['train/loss', 'train/tokens', 'train/learning_rate']);
  expect(tags(evaluation!)).toEqual(['held_out/loss']);
  expect(more).toEqual([]);
});
