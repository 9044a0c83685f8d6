/** @file Buckets of any store that speaks S3, as a place for files; a folder is what keys begin with, up to a slash. */
import { copyFile } from '../copy.ts';
import type { AtomicFile, Driver } from '../driver.ts';
import { placeOf } from './account.ts';
import { openObject } from './object.ts';
import { send } from './request.ts';
import { createObject } from './upload.ts';
import { elements, textOf } from './xml.ts';

/** What keys of a folder begin with. */
const prefixOf = (key: string): string => (key === '' ? '' : `${key}/`);

const bucketOf = (address: string): string => `s3://${placeOf(address).bucket}`;

/** Asks page by page for what a bucket lists, and gives each page. */
async function* pages(
  bucket: string,
  query: Readonly<Record<string, string>>,
  next: readonly (readonly [element: string, parameter: string])[],
): AsyncGenerator<string> {
  for (let more: Record<string, string> | null = {}; more !== null; ) {
    const { body } = await send(bucket, { method: 'GET', query: { ...query, ...more } });
    const xml = new TextDecoder().decode(body);
    yield xml;
    const marks = next.map(([element, parameter]) => [parameter, textOf(xml, element)] as const);
    more =
      textOf(xml, 'IsTruncated') === 'true' && marks[0]?.[1] !== null
        ? Object.fromEntries(marks.map(([name, mark]) => [name, mark ?? '']))
        : null;
  }
}

const listing = (address: string, limit?: string): AsyncGenerator<string> =>
  pages(
    bucketOf(address),
    {
      ...{ 'list-type': '2', delimiter: '/', prefix: prefixOf(placeOf(address).key) },
      ...(limit === undefined ? {} : { 'max-keys': limit }),
    },
    [['NextContinuationToken', 'continuation-token']],
  );

/** Names of objects and of folders on a page. */
function namesOn(xml: string, prefix: string): string[] {
  const keys = [...elements(xml, 'Contents').map((one) => textOf(one, 'Key'))];
  const folders = elements(xml, 'CommonPrefixes').map((one) => textOf(one, 'Prefix')?.replace(/\/$/, ''));
  return [...keys, ...folders]
    .map((key) => (key ?? '').slice(prefix.length))
    .filter((name) => name !== '' && !name.includes('/'));
}

export const s3Driver: Driver = {
  async look(address) {
    const { key } = placeOf(address);
    if (key !== '') {
      const { status, headers } = await send(address, { method: 'HEAD', answers: [404] });
      if (status !== 404) return { kind: 'file', size: Number(headers.get('content-length')) };
    }
    const { value: xml = '' } = await listing(address, '2').next();
    return namesOn(xml, prefixOf(key)).length > 0 ? { kind: 'folder', size: 0 } : null;
  },
  open: openObject,
  create: async (address): Promise<AtomicFile> => createObject(address),
  async list(folder) {
    const names: string[] = [];
    for await (const xml of listing(folder)) names.push(...namesOn(xml, prefixOf(placeOf(folder).key)));
    return names;
  },
  async remove(address) {
    await send(address, { method: 'DELETE', answers: [404] });
  },
  /** S3 knows no renaming: the object is read, written under the other name, and removed. */
  async move(from, to) {
    await copyFile([s3Driver, from], [s3Driver, to]);
    await s3Driver.remove(from);
  },
  /** Uploads that were begun under the folder and not finished: whoever calls this holds its lock, so nobody goes on with them. */
  async sweep(folder) {
    const prefix = prefixOf(placeOf(folder).key);
    const next = [
      ['NextKeyMarker', 'key-marker'],
      ['NextUploadIdMarker', 'upload-id-marker'],
    ] as const;
    const left: { key: string; uploadId: string }[] = [];
    for await (const xml of pages(bucketOf(folder), { uploads: '', prefix }, next))
      for (const upload of elements(xml, 'Upload'))
        left.push({ key: textOf(upload, 'Key') ?? '', uploadId: textOf(upload, 'UploadId') ?? '' });
    const ours = left.filter(({ key }) => key.startsWith(prefix));
    for (const { key, uploadId } of ours)
      await send(`${bucketOf(folder)}/${key}`, { method: 'DELETE', query: { uploadId }, answers: [404] });
    return ours.length;
  },
};
