/**
 * @file One writer a run in a bucket: an object that names its owner and when it expires. It is put where there is none, and
 * replaced where it is still what was last seen: the store judges both (If-None-Match, If-Match), so of two that try one has it.
 */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { OctavoError } from '@octavo/formats';
import { badFile } from '../../file-error.ts';
import { busy, type Holder, LOCK_FILE } from '../../lock.ts';
import { isAlive } from '../../write-atomically.ts';
import type { PlaceLock } from '../driver.ts';
import type { Answer, Request } from './message.ts';
import { send } from './request.ts';

/** Milliseconds for which a lock holds; it is renewed by its owner, after a quarter of them at the earliest. */
const LASTS = 120_000;

interface Owner extends Holder {
  /** Of this lock alone. */
  readonly owner: string;
  /** ISO 8601, by the store's clock. */
  readonly expires: string;
}

/**
 * Locks a folder of a bucket. A lock is free when there is none, when it has expired, or when it is of a process of this
 * machine that is gone. Throws an `OctavoError` (exit code 2) that names process, host and time where another holds it.
 */
export async function lockBucket(folder: string): Promise<PlaceLock> {
  const path = `${folder}/${LOCK_FILE}`;
  const about = { owner: randomUUID(), pid: process.pid, host: hostname(), since: new Date().toISOString() };
  /** Puts it where `condition` holds; the mark of what was put, or null. */
  const put = async (condition: Record<string, string>, once?: Partial<Request>): Promise<string | null> => {
    const expires = new Date(now + LASTS).toISOString();
    const answer = await send(path, {
      ...{ method: 'PUT', headers: condition, body: `${JSON.stringify({ ...about, expires })}\n` },
      ...{ answers: [404, 409, 412], ...once },
    });
    now = timeOf(answer);
    return answer.status < 300 ? markOf(answer) : null;
  };
  const seen = async (): Promise<{ readonly mark: string; readonly owner: Owner | null } | null> => {
    const answer = await send(path, { method: 'GET', answers: [404] });
    now = timeOf(answer);
    return answer.status === 404 ? null : { mark: markOf(answer), owner: ownerIn(answer.body) };
  };
  let now = timeOf(await send(path, { method: 'HEAD', answers: [404] }));
  let mark: string | null = null;
  for (let tries = 0; mark === null; tries++) {
    mark = await put({ 'if-none-match': '*' });
    if (mark !== null) break;
    const there = await seen();
    if (there === null) continue;
    const { owner } = there;
    const isFree = owner === null || Date.parse(owner.expires) < now || isGone(owner);
    if (owner?.owner === about.owner)
      mark = there.mark; // the answer to an earlier try got lost
    else if (isFree && tries < 5) mark = await put({ 'if-match': there.mark });
    else throw expiring(busy(folder, path, owner), owner, now);
  }
  // Some stores do not know conditions and do as they are told: there two could have it.
  if ((await put({ 'if-none-match': '*' })) !== null) {
    await send(path, { method: 'DELETE', answers: [404] });
    throw badFile(
      `[store] ${folder} cannot be locked: got a store that ignores If-None-Match, expected one with conditional writes`,
    );
  }
  let renewed = performance.now();
  const renew = async (once?: Partial<Request>): Promise<boolean> => {
    renewed = performance.now();
    const replaced = await put({ 'if-match': mark! }, once);
    const there = replaced === null ? await seen() : null;
    if (there?.owner?.owner === about.owner)
      mark = there.mark; // the answer to an earlier try got lost
    else mark = replaced;
    return mark !== null;
  };
  return {
    folder,
    async holds(certain = false) {
      if (mark === null) return false;
      if (certain) return renew();
      if (performance.now() - renewed < LASTS / 4) return true;
      try {
        return await renew({ attempts: 1, timeout: 5000 });
      } catch (error) {
        // A store that does not answer is heard of when something is written.
        if (OctavoError.is(error)) return true;
        throw error;
      }
    },
    async release() {
      const held = mark !== null && (await renew({ attempts: 1 }).catch(() => false));
      mark = null;
      if (held) await send(path, { method: 'DELETE', attempts: 1 }).catch(() => undefined);
    },
  };
}

/** When the store gave an answer, by its own clock. */
const timeOf = ({ headers }: Answer): number => {
  const time = Date.parse(headers.get('date') ?? '');
  return Number.isNaN(time) ? Date.now() : time;
};

const markOf = ({ headers }: Answer): string => headers.get('etag') ?? '';

const isGone = ({ host, pid }: Holder): boolean => host === hostname() && !isAlive(pid);

function ownerIn(body: Uint8Array): Owner | null {
  try {
    const found = JSON.parse(new TextDecoder().decode(body)) as Partial<Owner>;
    const { owner, pid, host, since, expires } = found;
    if (typeof pid === 'number' && [owner, host, since, expires].every((text) => typeof text === 'string'))
      return found as Owner;
  } catch {
    // None of ours.
  }
  return null;
}

function expiring(error: OctavoError, owner: Owner | null, now: number): OctavoError {
  if (owner === null) return error;
  const seconds = Math.max(1, Math.ceil((Date.parse(owner.expires) - now) / 1000));
  return badFile(`${error.message}; a process that has ended holds it for ${seconds} more seconds`);
}
