/** @file The examples of every package's README, written into a consumer's folder, type-checked and compiled there. */
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { type Example, examplesOf } from '../vitest/examples.ts';
import { manifestOf, publicPackages, repository } from './install.ts';

/** The packages that run in browsers. store, data, exchange, trainer, bench, report and lab read and write files; mpi calls a library; cli is a command. */
export const browserPackages = [
  'formats',
  'scaling',
  'kernels',
  'simd',
  'nn',
  'optim',
  'llama',
  'evals',
] as const;

export interface WrittenExample extends Example {
  /** `nn-1`: package and number. */
  readonly name: string;
  readonly package: string;
  /** `browser` or `node`: the folder it lies in. */
  readonly place: 'browser' | 'node';
}

const compilerOptions = {
  strict: true,
  target: 'ES2023',
  module: 'NodeNext',
  skipLibCheck: false,
  outDir: 'out',
  rootDir: '.',
};

/** Writes the examples as TypeScript: those for browsers where there are no types of Node, the others where there are. */
export function writeExamples(consumer: string): readonly WrittenExample[] {
  const settings = {
    browser: { ...compilerOptions, lib: ['ES2023', 'DOM'], types: [] },
    node: { ...compilerOptions, lib: ['ES2023'], types: ['node'] },
  };
  for (const [place, options] of Object.entries(settings)) {
    mkdirSync(join(consumer, place));
    writeFileSync(join(consumer, place, 'tsconfig.json'), JSON.stringify({ compilerOptions: options }));
  }
  return publicPackages.flatMap((folder) => {
    const name = manifestOf(folder).name.replace('@octavo/', '');
    const place = (browserPackages as readonly string[]).includes(name) ? 'browser' : 'node';
    return examplesOf(readFileSync(join(folder, 'README.md'), 'utf8')).map((example, i) => {
      const written = { ...example, name: `${name}-${i + 1}`, package: name, place } as const;
      writeFileSync(join(consumer, place, `${written.name}.ts`), `${example.code}\nexport {};\n`);
      return written;
    });
  });
}

/** Compiles the examples of a place; what TypeScript says about them or about our declarations, a line each. */
export async function compileExamples(
  consumer: string,
  place: 'browser' | 'node',
): Promise<readonly string[]> {
  const tsc = join(repository, 'node_modules/typescript/bin/tsc');
  const said = await promisify(execFile)(process.execPath, [tsc, '-p', join(consumer, place)], {
    cwd: consumer,
  }).then(
    () => '',
    ({ stdout, stderr }: { stdout: string; stderr: string }) => `${stdout}${stderr}`,
  );
  const path = basename(place);
  return said
    .split('\n')
    .filter((line) => line.startsWith(path) || line.includes('node_modules/@octavo/') || /^error/.test(line));
}
