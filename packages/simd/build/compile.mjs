/** @file Compiles assembly/ twice, for both instruction sets, into src/generated/: bytes as base64 in a module. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** A digest of every source, by which a test and the build see whether the generated modules are up to date. */
export function sourcesDigest() {
  const hash = createHash('sha256');
  for (const name of readdirSync(`${root}assembly`)
    .filter((n) => n.endsWith('.ts'))
    .sort()) {
    hash.update(`${name}\n`).update(readFileSync(`${root}assembly/${name}`));
  }
  return hash.digest('hex');
}

/** Options of the compiler, for both instruction sets. */
export const options = [
  '--runtime',
  'stub',
  '--importMemory',
  '--noExportMemory',
  '--sharedMemory',
  '--initialMemory',
  '16',
  '--maximumMemory',
  '65536',
  '--enable',
  'threads',
  '--enable',
  'simd',
  '--optimizeLevel',
  '3',
  '--shrinkLevel',
  '0',
  '--converge',
  '--noAssert',
];

async function compile(name, extra) {
  const { error, stderr, binary } = await build(extra);
  if (error) throw new Error(`assembly/ does not compile:\n${stderr}`);
  const digest = sourcesDigest();
  const text = [
    `/** @file Made by build/compile.mjs from assembly/: do not edit. */`,
    `export const sources = '${digest}';`,
    `export const base64 =`,
    `  '${Buffer.from(binary).toString('base64')}';`,
    '',
  ].join('\n');
  const path = `${root}src/generated/${name}.ts`;
  writeFileSync(path, text);
  return binary.length;
}

async function build(extra) {
  // only where the sources have changed
  const { default: asc } = await import('assemblyscript/asc');
  let binary;
  const result = await asc.main(['assembly/index.ts', '-o', 'out.wasm', ...options, ...extra], {
    writeFile: (_, contents) => {
      binary = contents;
    },
  });
  return { error: result.error, stderr: result.stderr.toString(), binary };
}

const upToDate = () => {
  try {
    return ['simd128', 'relaxed'].every((name) =>
      readFileSync(`${root}src/generated/${name}.ts`, 'utf8').includes(sourcesDigest()),
    );
  } catch {
    return false;
  }
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (upToDate() && !process.argv.includes('--force')) console.log('assembly: up to date');
  else {
    process.chdir(root);
    console.log(`simd128: ${await compile('simd128', [])} bytes`);
    console.log(`relaxed: ${await compile('relaxed', ['--enable', 'relaxed-simd'])} bytes`);
  }
}
