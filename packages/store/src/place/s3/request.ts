/** @file One signed request, tried again where the store or the way to it fails for a moment. */
import { createHash } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { AwsV4Signer } from 'aws4fetch';
import { accountFor, bucketUrl, encodeKey, placeOf } from './account.ts';
import { refused, unreachable } from './error.ts';
import type { Answer, Request } from './message.ts';

const TIMEOUT = 120_000;
/** Milliseconds before the second try; twice as many before each further one, up to the second number. */
const PAUSES = [250, 8000] as const;

/** Keys of signatures by day and region: they take five hashes. */
const signingKeys = new Map<string, ArrayBuffer>();

/**
 * Sends it to the object of an address, with the SHA-256 of its body, so that the store notices a byte that was altered on the
 * way. No answer, 429, 409 where two writers met, and 5xx are tried again. Throws an `OctavoError` that names the address.
 */
export async function send(address: string, request: Request): Promise<Answer> {
  const account = accountFor(address);
  const { bucket, key } = placeOf(address);
  const url = new URL(`${bucketUrl(account, bucket)}${key === '' ? '' : `/${encodeKey(key)}`}`);
  for (const [name, value] of Object.entries(request.query ?? {})) url.searchParams.set(name, value);
  const { method, body, answers = [], attempts = account.attempts, timeout = TIMEOUT } = request;
  const hash = createHash('sha256')
    .update(body ?? '')
    .digest('hex');
  const headers = { ...request.headers, 'x-amz-content-sha256': hash };
  for (let tries = 1; ; tries++) {
    const last = tries >= attempts;
    try {
      // Signed anew each time: a signature holds for minutes only.
      const signer = new AwsV4Signer({
        ...account,
        ...{ service: 's3', method, url: url.href, headers, cache: signingKeys },
      });
      const signed = await signer.sign();
      const response = await fetch(signed.url, {
        ...{ method, headers: signed.headers, body: body ?? null, redirect: 'manual' },
        signal: AbortSignal.timeout(timeout),
      });
      const answer: Answer = {
        ...{ status: response.status, headers: response.headers, tries },
        body: new Uint8Array(await response.arrayBuffer()),
      };
      if (response.ok || answers.includes(response.status)) return answer;
      if (last || !isPassing(response.status)) throw refused(address, method, answer);
    } catch (error) {
      if (last || !isNetwork(error)) throw isNetwork(error) ? unreachable(address, method, error) : error;
    }
    const [first, most] = PAUSES;
    await wait(Math.min(most, first * 2 ** (tries - 1)) * (0.5 + 0.5 * Math.random()));
  }
}

const isPassing = (status: number): boolean => status >= 500 || status === 429 || status === 409;

/** What `fetch` throws where there is no answer, or it breaks off, or takes too long. */
const isNetwork = (error: unknown): error is Error =>
  error instanceof Error &&
  (error.name === 'TimeoutError' || error.name === 'AbortError' || error instanceof TypeError);
