/** @file The public packages as somebody else gets them: packed, installed in a folder of its own, used from there. */
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { promisify } from 'node:util';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import semver from 'semver';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compileExamples, type WrittenExample, writeExamples } from '../examples.ts';
import {
  installConsumer,
  linkPackage,
  manifestOf,
  publicPackages,
  removeConsumer,
  repository,
} from '../install.ts';
import { installedTree, megabytes } from '../installed-tree.ts';

const node = (folder: string, ...args: string[]) =>
  promisify(execFile)(process.execPath, args, { cwd: folder });
const names = publicPackages.map((folder) => manifestOf(folder).name);

let consumer = '';
let examples: readonly WrittenExample[] = [];
const installed = (name: string) => join(consumer, 'node_modules', name);

beforeAll(async () => {
  consumer = await installConsumer();
  linkPackage(consumer, repository, '@types/node');
  examples = writeExamples(consumer);
}, 300_000);
afterAll(() => removeConsumer(consumer));

describe.each(names)('%s', (name) => {
  it('is laid out as bundlers and Node expect', async () => {
    const { messages, pkg } = await publint({ pkgDir: installed(name), pack: false, strict: true });
    expect(messages.map((message) => formatMessage(message, pkg!, { color: false }))).toEqual([]);
  });

  it('ships sources for its source maps and its declaration maps', () => {
    const folder = join(installed(name), 'dist');
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
    expect(files.filter((file) => file.endsWith('.d.ts.map')).length).toBeGreaterThan(0);
    expect(files.filter((file) => file.endsWith('.tsbuildinfo'))).toEqual([]);
    for (const file of files.filter((one) => one.endsWith('.map'))) {
      const map = JSON.parse(readFileSync(join(folder, file), 'utf8'));
      const { sources, sourcesContent } = map as { sources: string[]; sourcesContent?: string[] };
      for (const [i, source] of sources.entries()) {
        const path = normalize(join(folder, dirname(file), source));
        expect(existsSync(path), `${path} of ${file}`).toBe(true);
        if (file.endsWith('.js.map')) expect(sourcesContent?.[i], file).toBe(readFileSync(path, 'utf8'));
      }
    }
  });

  it('asks for no newer Node than it says, and nor does anything it needs', () => {
    const ours = manifestOf(installed(name)).engines!.node!;
    const others = installedTree(installed(name)).map(({ manifest }) => manifest);
    expect(
      others
        .filter(({ engines }) => !semver.subset(ours, engines?.node ?? '*', { loose: true }))
        .map((manifest) => `${manifest.name} ${manifest.version} wants Node ${manifest.engines?.node}`),
    ).toEqual([]);
  });
});

describe('small parts install small', () => {
  it.each(['formats', 'scaling', 'kernels', 'simd', 'nn', 'optim', 'llama', 'evals'])(
    '@octavo/%s: under 15 MB, none but ours',
    (name) => {
      const tree = installedTree(installed(`@octavo/${name}`));
      expect(tree.map(({ manifest }) => manifest.name).filter((one) => !one.startsWith('@octavo/'))).toEqual(
        [],
      );
      expect(megabytes(tree)).toBeLessThan(15);
    },
  );
});

describe('the examples of the READMEs', () => {
  it.each(['browser', 'node'] as const)('compile under tsc --strict: those for %s', async (place) => {
    expect(await compileExamples(consumer, place)).toEqual([]);
  });

  it('run without gpu.js, which is named where it is asked for', async () => {
    const kernels = examples.find(({ package: name }) => name === 'kernels')!;
    const failed = await node(consumer, `browser/out/${kernels.name}.js`).catch(
      (error: Error) => error.message,
    );
    expect(failed).toMatch(/\[kernels\] gpu\.js 2\.24\.1, .*npm install gpu\.js@2\.24\.1/);
  });

  it.each([
    'formats',
    'store',
    'scaling',
    'simd',
    'nn',
    'optim',
    'llama',
    'data',
    'mpi',
    'evals',
    'exchange',
    'trainer',
    'bench',
    'report',
    'lab',
  ])('@octavo/%s: print what they say', async (name) => {
    const own = examples.filter((example) => example.package === name);
    expect(own.length).toBeGreaterThan(0);
    for (const { place, name: file, expected } of own) {
      const { stdout } = await node(consumer, `${place}/out/${file}.js`);
      expect(stdout.trimEnd().split('\n'), file).toEqual(expected);
    }
  });

  it('@octavo/kernels, with gpu.js: print what they say', async () => {
    linkPackage(consumer, join(repository, 'packages/kernels'), 'gpu.js');
    for (const { place, name: file, expected } of examples.filter((one) => one.package === 'kernels')) {
      const { stdout } = await node(consumer, `${place}/out/${file}.js`);
      expect(stdout.trimEnd().split('\n'), file).toEqual(expected);
    }
  });

  it('@octavo/cli: the command says its version', async () => {
    const { stdout } = await node(consumer, join(installed('@octavo/cli'), 'bin/octavo.js'), '--version');
    expect(stdout).toContain(manifestOf(installed('@octavo/cli')).version);
  });
});
