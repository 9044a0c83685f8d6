import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import * as relaxed from '../src/generated/relaxed.ts';
import * as simd128 from '../src/generated/simd128.ts';

it('the generated modules are those of the sources: run `node build/compile.mjs` if not', () => {
  const folder = new URL('../assembly/', import.meta.url);
  const hash = createHash('sha256');
  const names = readdirSync(folder).filter((name) => name.endsWith('.ts'));
  for (const name of names.sort()) hash.update(`${name}\n`).update(readFileSync(new URL(name, folder)));
  const digest = hash.digest('hex');
  expect(simd128.sources).toBe(digest);
  expect(relaxed.sources).toBe(digest);
});
