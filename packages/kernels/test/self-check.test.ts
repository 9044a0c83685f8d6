/** @file What a device's first computations catch. */
import { expect, it } from 'vitest';
import manifest from '../package.json' with { type: 'json' };
import { isUntouched, sourceOf } from '../src/gpujs/kernel-source.ts';
import { loadPeer, peers } from '../src/gpujs/peers.ts';
import { checkDevice, createReferenceDevice, type Device } from '../src/index.ts';

/** The reference with every result changed before anyone reads it. */
function faulty(change: (value: number, index: number, all: Float32Array) => number): Device {
  const device = createReferenceDevice();
  return { ...device, name: 'faulty', read: async (tensor) => (await device.read(tensor)).map(change) };
}

it('passes a device that computes as the reference does', async () => {
  await checkDevice(createReferenceDevice());
});

it.each([
  ['lost signs', Math.abs, /cast \(signs.*got 0\.625 at 0, expected -0\.625/],
  ['neighbouring elements', (_: number, i: number, all: Float32Array) => all[(i + 1) % all.length]!, /cast/],
  ['NaN', () => Number.NaN, /got NaN at 0/],
  ['an error of a thousandth', (value: number) => (Math.abs(value) < 30 ? value : value * 1.001), /got/],
] as const)('refuses %s, with what was computed and what was expected', async (_, change, line) => {
  const device = faulty(change);
  await expect(checkDevice({ ...device, alloc: device.alloc })).rejects.toThrow(line);
  await expect(checkDevice(device)).rejects.toThrow(
    /^\[kernels\] faulty computes wrong numbers: [^\n]*; use another device$/,
  );
});

it('sees what a minifier does to functions', () => {
  const written = function (values: readonly number[]) {
    return values[0]!;
  };
  expect(isUntouched(written, 'function(values) { return values[0]; }')).toBe(true);
  const minified = new Function('return function(e){return e[0]}')() as typeof written;
  expect(isUntouched(minified, 'function (values) { return values[0]; }')).toBe(false);
  expect(sourceOf('function (x) { return x; }')).toBe('function (x) { return x; }');
});

it('names the package that is missing, and the version that package.json asks for', async () => {
  expect(manifest.peerDependencies).toEqual(peers);
  const missing = loadPeer('gpu.js', () => Promise.reject(new Error("Cannot find package 'gpu.js'\nmore")));
  await expect(missing).rejects.toThrow(
    /^\[kernels\] gpu\.js 2\.24\.1, an optional package, does not load: got Cannot find package 'gpu\.js'; npm install gpu\.js@2\.24\.1, or use the simd or the reference device$/,
  );
});
