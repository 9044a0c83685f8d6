/**
 * @file What casts cost in arithmetic: SIMD operations of the compiled loops, an element.
 * `node packages/simd/bench/operations.mjs`. Loads, stores and constants are left out, for they have units of their own.
 */
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';
import { options } from '../build/compile.mjs';

/** Loops by an operation that each has so often, and by how it reads: what is compiled has no names for them. */
const LOOPS = [
  ['fp32 → e4m3fn, amax', 16, { 'i32x4.dot_i16x8_s': 4, 'i32x4.max_s': 8, 'i16x8.shr_u 4': 2 }],
  ['bf16 → e4m3fn, amax', 16, { 'i32x4.dot_i16x8_s': 4, 'i16x8.max_s': 2, 'i16x8.shr_u 4': 2 }],
  ['fp32 → e5m2, stochastic', 16, { 'i32x4.mul': 16, 'i32x4.max_s': 4, 'i32x4.shr_s 21': 4 }],
  ['Σ x, Σ x², Σ x⁴ of fp32', 32, { 'f32x4.add': 24, 'f32x4.mul': 16, 'i8x16.shuffle': 0 }],
  ['e4m3fn → fp32', 16, { 'i8x16.swizzle': 4, 'i16x8.shl 4': 2 }],
  ['e4m3fn → bf16', 16, { 'i8x16.swizzle': 2, 'i16x8.shl 4': 2 }],
];

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
let text;
const { error, stderr } = await asc.main(
  ['assembly/index.ts', '-o', 'out.wasm', '-t', 'out.wat', ...options],
  {
    writeFile: (name, contents) => {
      if (name === 'out.wat') text = contents;
    },
  },
);
if (error) throw new Error(stderr.toString());

/** The lines of each loop, without those of loops within it. */
function loopsOf(lines) {
  const found = [];
  const open = [];
  for (const line of lines.map((l) => l.trim())) {
    const word = line.split(' ')[0];
    if (/^(block|loop|if)$/.test(word)) open.push(word === 'loop' ? [] : null);
    else if (word === 'end') {
      const own = open.pop();
      if (own) found.push(own);
    } else open.findLast((own) => own)?.push(line);
  }
  return found;
}

/** Operations by name; shifts with their counts, where those are constants. */
function count(lines) {
  const operations = {};
  for (const [i, line] of lines.entries()) {
    const name = line.split(' ')[0];
    if (!/^(v128|[if]\d+x\d+)\./.test(name) || /^v128\.(load|store|const)/.test(name)) continue;
    const shift = /\.sh[lr]/.test(name) && /^i32\.const \d+$/.test(lines[i - 1]);
    const key = shift ? `${name} ${lines[i - 1].split(' ')[1]}` : name;
    operations[key] = (operations[key] ?? 0) + 1;
  }
  return operations;
}

const loops = loopsOf(text.split('\n')).map(count);
const rows = {};
for (const [name, elements, marks] of LOOPS) {
  const fits = loops.filter((loop) => Object.entries(marks).every(([key, n]) => (loop[key] ?? 0) === n));
  if (fits.length === 0) throw new Error(`no loop for ${name}: its marks are out of date`);
  const operations = Math.min(...fits.map((loop) => Object.values(loop).reduce((a, b) => a + b)));
  rows[name] = { operations, elements, 'an element': +(operations / elements).toFixed(2) };
}
console.table(rows);
