/** @file Who asks, and where a bucket is: from the environment, under the names that every client of S3 knows. */
import { badFile } from '../../file-error.ts';

export interface Account {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly region: string;
  /** Null: Amazon's own. */
  readonly endpoint: string | null;
  /** Times that a request is tried. */
  readonly attempts: number;
}

const ATTEMPTS = 8;

/** Throws an `OctavoError` (exit code 2) that names the variable which `address` needs. */
export function accountFor(address: string, env: NodeJS.ProcessEnv = process.env): Account {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = env;
  const { AWS_SESSION_TOKEN: sessionToken, AWS_MAX_ATTEMPTS: attempts } = env;
  const endpoint = env.AWS_ENDPOINT_URL_S3 ?? env.AWS_ENDPOINT_URL ?? null;
  const fail = (name: string, got: string, expected: string): never => {
    throw badFile(`[store] ${address} needs ${name} in the environment: got ${got}, expected ${expected}`);
  };
  if (!accessKeyId) return fail('AWS_ACCESS_KEY_ID', 'none', 'the id of an access key, and its secret');
  if (!secretAccessKey) return fail('AWS_SECRET_ACCESS_KEY', 'none', 'the secret of the access key');
  if (endpoint !== null && !/^https?:\/\/[^/]+\/?$/.test(endpoint))
    return fail('AWS_ENDPOINT_URL', JSON.stringify(endpoint), 'an address such as https://storage.example');
  if (attempts !== undefined && !/^[1-9]\d?$/.test(attempts))
    return fail('AWS_MAX_ATTEMPTS', JSON.stringify(attempts), 'a number from 1 to 99');
  return {
    accessKeyId,
    secretAccessKey,
    ...(sessionToken ? { sessionToken } : {}),
    region: env.AWS_REGION ?? env.AWS_DEFAULT_REGION ?? 'us-east-1',
    endpoint: endpoint === null ? null : endpoint.replace(/\/$/, ''),
    attempts: attempts === undefined ? ATTEMPTS : Number(attempts),
  };
}

/** Bucket and key of an address; the key of a bucket itself is empty. */
export function placeOf(address: string): { readonly bucket: string; readonly key: string } {
  const [, bucket = '', key = ''] = /^s3:\/\/([^/]*)\/?(.*)$/s.exec(address) ?? [];
  if (/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/i.test(bucket)) return { bucket, key };
  throw badFile(
    `[store] ${address} names no bucket: got "${bucket}", expected 3 to 63 letters, digits, dots and hyphens`,
  );
}

/** Where a bucket answers: by its own host at Amazon, by a path elsewhere and where its name would not fit a certificate. */
export function bucketUrl({ endpoint, region }: Account, bucket: string): string {
  if (endpoint !== null) return `${endpoint}/${bucket}`;
  return bucket.includes('.')
    ? `https://s3.${region}.amazonaws.com/${bucket}`
    : `https://${bucket}.s3.${region}.amazonaws.com`;
}

/** RFC 3986, slashes left. */
export const encodeKey = (key: string): string =>
  encodeURIComponent(key)
    .replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%2F', '/');
