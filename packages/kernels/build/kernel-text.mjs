/**
 * @file After tsc: every gpu.js kernel in dist/, and every helper that kernels call, carries its own source text.
 *
 * gpu.js compiles what a function's `toString` gives. A bundler's minifier rewrites functions (shorter names, variables
 * put where they are used, `if` into `?:`) into what JavaScript means and gpu.js does not; it leaves strings alone.
 * The texts stand on the line where the file's comment ends, so that source maps stay true.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Helpers that no kernel calls by name: the device adds the call (gpujs/kernel-spec.ts). */
const ADDED = ['roundBf16'];

const root = fileURLToPath(new URL('..', import.meta.url));

/** A function at the top of a module, as tsc and the formatter lay it out: it ends at the first `}` of a line's start. */
const topFunctions = /^(?:export )?(function (\w+)\b[\s\S]*?^\})/gm;
const calls = /(?<![.\w$])([A-Za-z_$][\w$]*)\(/g;

/**
 * The names of kernels and helpers by file: functions with `this: Kernel`, and whatever functions of src/ they call.
 * @param {ReadonlyMap<string, string>} sources text by file
 * @returns {Map<string, Set<string>>}
 */
export function kernelFunctions(sources) {
  const all = [...sources].flatMap(([file, text]) =>
    [...text.matchAll(topFunctions)].map(([, body, name]) => ({ file, name, body })),
  );
  const found = new Map([...sources.keys()].map((file) => [file, new Set()]));
  const waiting = all.filter(({ name, body }) => /\(\s*this: Kernel\b/.test(body) || ADDED.includes(name));
  for (const { file, name, body } of waiting) {
    if (found.get(file).has(name)) continue;
    found.get(file).add(name);
    for (const [, called] of body.slice(body.indexOf('(') + 1).matchAll(calls)) {
      const same = all.filter((other) => other.name === called);
      const here = same.filter((other) => other.file === file);
      waiting.push(...(here.length > 0 ? here : same));
    }
  }
  return found;
}

/**
 * A module of dist/ whose functions `names` have their text as `kernelText` (read in gpujs/kernel-source.ts).
 * @param {string} text
 * @param {ReadonlySet<string>} names
 */
export function withTexts(text, names) {
  let texts = '';
  for (const [, body, name] of text.matchAll(topFunctions)) {
    if (names.has(name) && !text.includes(` ${name}.kernelText = `))
      texts += ` ${name}.kernelText = ${JSON.stringify(body)};`;
  }
  const end = text.startsWith('/**') ? text.indexOf('*/') + 2 : 0;
  return text.slice(0, end) + texts + text.slice(end);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const files = readdirSync(`${root}src`, { recursive: true }).filter((file) => file.endsWith('.ts'));
  const sources = new Map(files.map((file) => [file, readFileSync(`${root}src/${file}`, 'utf8')]));
  let count = 0;
  for (const [file, names] of kernelFunctions(sources)) {
    if (names.size === 0) continue;
    const path = `${root}dist/${file.replace(/\.ts$/, '.js')}`;
    const built = readFileSync(path, 'utf8');
    const text = withTexts(built, names);
    for (const name of names) {
      if (!text.includes(` ${name}.kernelText = "function ${name}(`))
        throw new Error(`${file}: ${name} got no text; is it a plain function at the module's top?`);
      count++;
    }
    if (text !== built) writeFileSync(path, text);
  }
  console.log(`kernels: ${count} texts`);
}
