/** @file An object that is written as a stream: parts that nobody sees, and at the end one request that makes them it. */
import { randomUUID } from 'node:crypto';
import { OctavoError } from '@octavo/formats';
import type { AtomicFile } from '../driver.ts';
import { send } from './request.ts';
import { textOf } from './xml.ts';

/** Bytes of a part: equal ones, which some stores ask for; S3 takes 10,000 of them, so 160 GB an object. */
export const PART_BYTES = 16 * 2 ** 20;

/** What the object is marked with: whether it is ours is known even where the answer to the last request got lost. */
const MARK = 'x-amz-meta-octavo-upload';

/** Starts an object. Less than a part is put in one request, which is whole or not there by itself. */
export function createObject(path: string): AtomicFile {
  const mark = randomUUID();
  const etags: string[] = [];
  let part = new Uint8Array(0);
  let filled = 0;
  let upload: Promise<string> | null = null;
  let sending: Promise<unknown> = Promise.resolve();
  let done = false;

  const begin = async (): Promise<string> => {
    const { body } = await send(path, { method: 'POST', query: { uploads: '' }, headers: { [MARK]: mark } });
    const id = textOf(new TextDecoder().decode(body), 'UploadId');
    if (id !== null) return id;
    throw new OctavoError(`[store] cannot write ${path}: the store gives no UploadId for a multipart upload`);
  };
  /** Waits for the part before, then sends this one while the next is gathered. */
  const sendPart = async (body: Uint8Array): Promise<void> => {
    upload ??= begin();
    const uploadId = await upload;
    await sending;
    const index = etags.push('') - 1;
    const query = { partNumber: String(index + 1), uploadId };
    sending = send(path, { method: 'PUT', query, body }).then(({ headers }) => {
      etags[index] = headers.get('etag') ?? '';
    });
    sending.catch(() => undefined); // heard when it is waited for
  };
  const complete = async (uploadId: string): Promise<void> => {
    await sending;
    const listed = etags.map(
      (etag, i) =>
        `<Part><PartNumber>${i + 1}</PartNumber><ETag>${etag.replace(/"/g, '&quot;')}</ETag></Part>`,
    );
    const body = `<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${listed.join('')}</CompleteMultipartUpload>`;
    for (let left = 3; ; left--) {
      const answer = await send(path, { method: 'POST', query: { uploadId }, body, answers: [404] });
      const text = new TextDecoder().decode(answer.body);
      // An error may come after the head of the answer was sent: then its status is 200.
      const code = textOf(text, 'Code');
      if (code === null && answer.status !== 404) return;
      if (code === 'NoSuchUpload' && (await isOurs())) return;
      if (left === 1 || code !== 'InternalError')
        throw new OctavoError(
          `[store] cannot write ${path}: its parts are not made one (${code ?? answer.status}): run again`,
        );
    }
  };
  const isOurs = async (): Promise<boolean> =>
    (await send(path, { method: 'HEAD', answers: [404] })).headers.get(MARK) === mark;

  return {
    path,
    async write(pieces) {
      if (done) throw new OctavoError(`[store] cannot write ${path}: it was written to after its end`);
      for (const piece of pieces)
        for (let at = 0; at < piece.byteLength; ) {
          if (filled === part.byteLength && filled < PART_BYTES)
            part = grown(part, filled + piece.byteLength - at);
          const length = Math.min(piece.byteLength - at, part.byteLength - filled);
          part.set(piece.subarray(at, at + length), filled);
          [filled, at] = [filled + length, at + length];
          if (filled < PART_BYTES) continue;
          await sendPart(part);
          [part, filled] = [new Uint8Array(0), 0];
        }
    },
    async commit() {
      done = true;
      const rest = part.subarray(0, filled);
      if (upload === null) {
        await send(path, { method: 'PUT', body: rest });
        return;
      }
      if (rest.byteLength > 0) await sendPart(rest);
      await complete(await upload);
      upload = null;
    },
    async abort() {
      done = true;
      if (upload === null) return;
      try {
        const uploadId = await upload;
        await sending.catch(() => undefined);
        await send(path, { method: 'DELETE', query: { uploadId }, answers: [404], attempts: 1 });
      } catch {
        // The next start of a writer finds it.
      }
    },
  };
}

/** The same bytes in memory that takes at least `needed`, doubled, up to a part. */
function grown(part: Uint8Array, needed: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(Math.min(PART_BYTES, Math.max(needed, 2 * part.byteLength)));
  larger.set(part);
  return larger;
}
