/**
 * @file Configurations from a stranger: names that lead elsewhere, aliases without end, bytes at random.
 * @module-tag slow
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { counterRandom, OctavoError } from '@octavo/formats';
import { afterAll, describe, expect, test } from 'vitest';
import { check } from '../src/config/check.ts';
import { loadConfigFile } from '../src/config/load-file.ts';
import { resolveModel } from '../src/config/model.ts';
import { resolveRecipe } from '../src/config/recipe.ts';
import { configSchema } from '../src/config/schema.ts';

const folder = mkdtempSync(join(tmpdir(), 'octavo-hostile-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const write = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};

describe('names are checked at the door', () => {
  test.each(['x/../../../escaped', '..', '.hidden', '', 'a\u001b[31mred', 'a b', 'a\\b', 'x'.repeat(200)])(
    '%j',
    (name) => {
      const config = { recipe: { extends: 'fp8', name } };
      expect(() => check(configSchema, config, 'c.json')).toThrow(/key "recipe(\.name)?".*expected/);
    },
  );
  test('of letters of any language', () => {
    const recipe = { extends: 'fp8', name: 'größe-漢_1.5+x' } as const;
    expect(resolveRecipe(check(configSchema, { recipe }, 'c.json').recipe!).name).toBe(recipe.name);
  });
  test('a model is called after its file, as far as that is a name', async () => {
    const shape = {
      vocabularySize: 8,
      hiddenSize: 8,
      layers: 1,
      heads: 2,
      keyValueHeads: 1,
      ffnSize: 8,
      contextLength: 8,
    };
    const file = write('.. \u001b[31m my model.json', `\uFEFF${JSON.stringify(shape)}`);
    expect((await resolveModel(file, folder)).name).toBe('31m-my-model');
    const large = write('large.json', JSON.stringify({ ...shape, layers: 1e9 }));
    await expect(resolveModel(large, folder)).rejects.toThrow(/layers: got 1000000000, expected/);
  });
});

test('aliases that stand for more than a memory holds', async () => {
  const lines = ['a: &a [1,1,1,1,1,1,1,1,1]'];
  for (let i = 1; i < 25; i++) {
    const [name, before] = [i, i - 1].map((n) => String.fromCharCode(97 + n));
    lines.push(`${name}: &${name} [${Array.from({ length: 9 }, () => `*${before}`).join()}]`);
  }
  const begin = performance.now();
  await expect(loadConfigFile(write('bomb.yaml', lines.join('\n')))).rejects.toThrow(
    'bomb.yaml cannot be read: it holds more than 10000 values',
  );
  await expect(loadConfigFile(write('deep.json', `${'['.repeat(1e5)}${']'.repeat(1e5)}`))).rejects.toThrow(
    OctavoError,
  );
  expect(performance.now() - begin).toBeLessThan(10_000);
});

/** Altered texts: some bytes replaced, cut out, or doubled. */
function altered(text: string, seed: number): string {
  const draw = (i: number) => counterRandom(seed, i) >>> 8;
  let out = text;
  for (let i = 0; i <= draw(0) % 3; i++) {
    const at = draw(4 * i + 1) % (out.length + 1);
    const length = draw(4 * i + 2) % 12;
    const insert = ['', '\0', '1e9', 'null', '-', '{', '"', '&a *a', '\n'][draw(4 * i + 3) % 9]!;
    out = out.slice(0, at) + insert + out.slice(at + length);
  }
  return out;
}

const TIMES = Number(process.env.OCTAVO_MUTATIONS ?? 20_000);

test.each([
  [
    'json',
    '{"model": "nano", "recipe": {"extends": "fp8", "name": "mine"}, "batch": 4, "data": {"train": ["a"]}}',
  ],
  ['yaml', 'model: nano\nrecipe: {extends: fp8, name: mine}\nbatch: 4\ndata:\n  train: [a]\n'],
  ['toml', 'model = "nano"\nbatch = 4\n[data]\ntrain = ["a"]\n[recipe]\nextends = "fp8"\nname = "mine"\n'],
])(
  '%s: 20,000 altered files (OCTAVO_MUTATIONS: more) are a configuration or one line',
  async (language, text) => {
    let taken = 0;
    for (let seed = 0; seed < TIMES; seed++) {
      try {
        await loadConfigFile(write(`altered.${language}`, altered(text, seed)));
        taken++;
      } catch (error) {
        if (!OctavoError.is(error)) throw error;
        expect([error.exitCode, error.message.includes('\n')]).toEqual([2, false]);
      }
    }
    expect(taken).toBeGreaterThan(TIMES / 200);
    expect(taken).toBeLessThan(0.95 * TIMES);
  },
  3_600_000,
);
