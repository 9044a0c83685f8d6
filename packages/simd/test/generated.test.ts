import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { numbering, sourcesDigest } from '../build/compile.mjs';
import * as relaxed from '../src/generated/relaxed.ts';
import * as simd128 from '../src/generated/simd128.ts';

it('the generated modules are those of the sources: run `node build/compile.mjs` if not', () => {
  expect(simd128.sources).toBe(sourcesDigest());
  expect(relaxed.sources).toBe(sourcesDigest());
  for (const [path, text] of Object.entries(numbering()))
    expect(readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')).toBe(text);
});
