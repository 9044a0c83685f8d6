/** @file Compiles assembly/ twice, for both instruction sets, into src/generated/: bytes as base64 in a module. */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Text of the sources by file: assembly/, and the numbers that both sides count with. */
function sources() {
  const names = readdirSync(`${root}assembly`).filter((name) => name.endsWith('.ts'));
  const paths = [...names.sort().map((name) => `assembly/${name}`), 'src/numbers.ts'];
  return paths.map((path) => [path, readFileSync(root + path, 'utf8')]);
}

/** A digest of every source, by which a test and the build see whether the generated modules are up to date. */
export function sourcesDigest() {
  const hash = createHash('sha256');
  for (const [path, text] of sources()) hash.update(`${path}\n`).update(text);
  return hash.digest('hex');
}

const MADE = 'Made by build/compile.mjs from assembly/: do not edit.';

/** Every `export function name(task: i32): void` is a kernel. What gives each its number, on both sides: texts by file. */
export function numbering() {
  const files = sources().map(([path, text]) => [
    path.slice('assembly/'.length, -'.ts'.length),
    [...text.matchAll(/^export function (\w+)\(task: i32\): void/gm)].map(([, name]) => name),
  ]);
  const found = files.filter(([, names]) => names.length > 0);
  const kernels = found.flatMap(([, names]) => names);
  const constant = (name) => name.replace(/[A-Z]/g, '_$&').toUpperCase();
  const tasks = [
    `/** @file The kernels by number. ${MADE} */`,
    ...found.map(([file, names]) => `import { ${names.join(', ')} } from '../${file}';`),
    '',
    'export function runTask(kernel: i32, task: i32): void {',
    '  switch (kernel) {',
    ...kernels.map((name, i) => `    case ${i}: return ${name}(task);`),
    '    default: unreachable();',
    '  }',
    '}',
  ];
  const numbers = [
    `/** @file The kernels by number. ${MADE} */`,
    ...kernels.map((name, i) => `export const ${constant(name)} = ${i};`),
  ];
  return { 'assembly/generated/tasks.ts': textOf(tasks), 'src/generated/kernels.ts': textOf(numbers) };
}

const textOf = (lines) => [...lines, ''].join('\n');

function write(path, text) {
  mkdirSync(dirname(root + path), { recursive: true });
  writeFileSync(root + path, text);
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
  const lines = [
    `/** @file ${MADE} */`,
    `export const sources = '${sourcesDigest()}';`,
    `export const base64 =`,
    `  '${Buffer.from(binary).toString('base64')}';`,
  ];
  write(`src/generated/${name}.ts`, textOf(lines));
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
    for (const [path, text] of Object.entries(numbering())) write(path, text);
    console.log(`simd128: ${await compile('simd128', [])} bytes`);
    console.log(`relaxed: ${await compile('relaxed', ['--enable', 'relaxed-simd'])} bytes`);
  }
}
