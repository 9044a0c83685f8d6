/** @file Reading an object by ranges: large ones as asked for, small ones out of stretches that are kept. */
import { cutOff } from '../../file-error.ts';
import type { ReadableFile } from '../driver.ts';
import { refused } from './error.ts';
import { send } from './request.ts';

/** Bytes of a stretch, and how many are kept: rows of small tensors, read one by one, come in one request. */
const STRETCH = 2 ** 18;
const KEPT = 32;

/** Opens it; an object that is replaced while it is read is refused. */
export async function openObject(path: string): Promise<ReadableFile> {
  const { headers } = await send(path, { method: 'HEAD' });
  const size = Number(headers.get('content-length'));
  const etag = headers.get('etag');
  const stretches = new Map<number, Promise<Uint8Array>>();

  const fetchRange = async (from: number, to: number): Promise<Uint8Array<ArrayBuffer>> => {
    const answer = await send(path, {
      method: 'GET',
      headers: { range: `bytes=${from}-${to - 1}`, ...(etag === null ? {} : { 'if-match': etag }) },
    });
    if (answer.body.byteLength === to - from) return answer.body;
    throw answer.status === 206
      ? cutOff(path, to, from + answer.body.byteLength)
      : refused(path, 'GET', answer);
  };
  const stretch = (index: number): Promise<Uint8Array> => {
    const known = stretches.get(index);
    stretches.delete(index); // and to the end: the first is the one not used for longest
    const from = index * STRETCH;
    const found = known ?? fetchRange(from, Math.min(size, from + STRETCH));
    stretches.set(index, found);
    if (known === undefined) found.catch(() => stretches.delete(index));
    if (stretches.size > KEPT) stretches.delete(stretches.keys().next().value!);
    return found;
  };
  const readInto = async (target: Uint8Array, position: number): Promise<void> => {
    const end = position + target.byteLength;
    if (!(position >= 0) || end > size) throw cutOff(path, end, size);
    if (target.byteLength >= STRETCH) return target.set(await fetchRange(position, end));
    for (let at = position; at < end; ) {
      const index = Math.floor(at / STRETCH);
      const stop = Math.min(end, (index + 1) * STRETCH);
      const part = (await stretch(index)).subarray(at - index * STRETCH, stop - index * STRETCH);
      target.set(part, at - position);
      at = stop;
    }
  };
  return {
    path,
    size,
    readInto,
    async read(position, length) {
      if (!(position >= 0) || !(length >= 0) || position + length > size)
        throw cutOff(path, position + length, size);
      if (length >= STRETCH) return fetchRange(position, position + length);
      const target = new Uint8Array(length);
      await readInto(target, position);
      return target;
    },
    close: async () => stretches.clear(),
  };
}
