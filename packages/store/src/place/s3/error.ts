/** @file What a store refuses, in one line that says what to do. */
import { OctavoError, visible } from '@octavo/formats';
import type { Answer, Request } from './message.ts';
import { textOf } from './xml.ts';

const causes: Readonly<Record<string, string>> = {
  NoSuchBucket: 'there is no such bucket: make it, or set AWS_ENDPOINT_URL to the store that has it',
  NoSuchKey: 'it does not exist: check the address',
  NotFound: 'it does not exist: check the address',
  AccessDenied: 'access is denied: check AWS_ACCESS_KEY_ID, its secret, and what it may do there',
  InvalidAccessKeyId: 'the store does not know the key in AWS_ACCESS_KEY_ID: check it',
  SignatureDoesNotMatch: 'the store refuses the signature: check AWS_SECRET_ACCESS_KEY and AWS_REGION',
  ExpiredToken: 'the credentials have expired: set AWS_SESSION_TOKEN and the key anew',
  RequestTimeTooSkewed: 'the clock of this machine is wrong: set it',
  PreconditionFailed: 'it was changed meanwhile: try again',
  NotImplemented: 'the store lacks what is needed (multipart uploads, conditional writes): choose another',
  QuotaExceeded: 'the quota is used up: free some and run again',
  InsufficientStorage: 'the store is full: free some and run again',
  XMinioStorageFull: 'the store is full: free some and run again',
};
const byStatus: Readonly<Record<number, string>> = {
  403: 'AccessDenied',
  404: 'NotFound',
  412: 'PreconditionFailed',
  501: 'NotImplemented',
  507: 'InsufficientStorage',
};
/** What the caller named wrongly, and not a failure of the store. */
const INPUT = /^(NoSuch|NotFound|AccessDenied|Invalid|Signature|Expired|PermanentRedirect)/;

const actionOf = (method: Request['method']): 'read' | 'write' =>
  method === 'GET' || method === 'HEAD' ? 'read' : 'write';

/** The error for an answer that is none of those expected. */
export function refused(address: string, method: Request['method'], answer: Answer): OctavoError {
  const { status, headers, body } = answer;
  const text = new TextDecoder().decode(body);
  const code = textOf(text, 'Code') ?? byStatus[status] ?? String(status);
  const region = headers.get('x-amz-bucket-region') ?? textOf(text, 'Region');
  const why =
    status === 301 && region !== null
      ? `its bucket lies elsewhere: set AWS_REGION=${region}`
      : (causes[code] ?? textOf(text, 'Message') ?? `the store answers ${status}`);
  return new OctavoError(
    `[store] cannot ${actionOf(method)} ${address}: ${visible(why)} (${visible(code)})${after(answer.tries)}`,
    { exitCode: actionOf(method) === 'read' && INPUT.test(code) ? 2 : 1 },
  );
}

/** The error where no answer came. */
export function unreachable(address: string, method: Request['method'], error: Error): OctavoError {
  const { cause } = error;
  const reason = cause instanceof Error ? ('code' in cause ? String(cause.code) : cause.message) : error.name;
  return new OctavoError(
    `[store] cannot ${actionOf(method)} ${address}: the store does not answer (${visible(reason)}): check AWS_ENDPOINT_URL and the network`,
    { cause: error },
  );
}

const after = (tries: number): string => (tries === 1 ? '' : `, after ${tries} tries`);
