/**
 * @file Preloaded (`node --import`): counts what the process does to files, and kills it at the KILL_AT-th operation, as
 * SIGKILL from outside would: of a write half has been done then. At its end it says on the fourth descriptor, if there is
 * one, what the operations were.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { basename } from 'node:path';

const killAt = Number(process.env.KILL_AT ?? 0);
/** Instead of being killed there, the process finds the disk full from there on. */
const full = process.env.KILL_HOW === 'full';
const NEEDS_ROOM = new Set(['openSync', 'open', 'writeSync', 'write', 'writev', 'mkdirSync', 'mkdir']);
const said = [];
const { writeSync } = fs;

/** The length of what is written, or null where the operation is no write. */
const half = (data) =>
  ArrayBuffer.isView(data) && data.byteLength > 1 ? data.subarray(0, data.byteLength >> 1) : null;

function counted(owner, name, tear = () => null) {
  const original = owner[name];
  owner[name] = function (...args) {
    const path =
      typeof args[0] === 'string' ? ` ${basename(args[0]).replace(/\d+\.[0-9a-f]{12}\./, '')}` : '';
    said.push(`${name}${path}`);
    if (full && killAt > 0 && said.length >= killAt && NEEDS_ROOM.has(name)) {
      if (said.length === killAt) tear(this, args);
      throw Object.assign(new Error(`ENOSPC: no space left on device, ${name}`), { code: 'ENOSPC' });
    }
    if (full || said.length !== killAt) return original.apply(this, args);
    tear(this, args);
    process.kill(process.pid, 'SIGKILL');
    for (;;); // until it is dead
  };
}

const writes = (args) => typeof args[1] === 'string' && !/^r$/.test(args[1]);
for (const [owner, name] of [
  [fs, 'openSync'],
  [fs.promises, 'open'],
]) {
  const original = owner[name];
  counted(owner, name);
  const counting = owner[name];
  owner[name] = function (...args) {
    return writes(args) ? counting.apply(this, args) : original.apply(this, args);
  };
}
counted(
  fs,
  'writeSync',
  (_, [descriptor, data, offset = 0, length = data.byteLength - offset, position = null]) => {
    if (ArrayBuffer.isView(data)) writeSync(descriptor, data, offset, length >> 1, position);
  },
);
for (const name of [
  'ftruncateSync',
  'fdatasyncSync',
  'fsyncSync',
  'renameSync',
  'rmSync',
  'unlinkSync',
  'mkdirSync',
])
  counted(fs, name);
for (const name of ['rename', 'rm', 'mkdir', 'unlink']) counted(fs.promises, name);

const handle = await fs.promises.open(process.execPath, 'r');
const { prototype } = handle.constructor;
await handle.close();
for (const name of ['sync', 'datasync', 'truncate']) counted(prototype, name);
counted(prototype, 'write', (file, [data]) => {
  const part = half(data);
  if (part) writeSync(file.fd, part);
});
counted(prototype, 'writev', (file, [pieces]) => {
  for (const piece of pieces.slice(0, pieces.length >> 1)) writeSync(file.fd, piece);
  const part = half(pieces[pieces.length >> 1]);
  if (part) writeSync(file.fd, part);
});
syncBuiltinESMExports();

process.on('exit', () => {
  if (process.env.KILL_LOG) fs.writeFileSync(process.env.KILL_LOG, JSON.stringify(said));
});
