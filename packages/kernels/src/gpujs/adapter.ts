/** @file Finding WebGPU: the browser's, or in Node the `webgpu` package put where gpu.js looks for it. */
import { OctavoError } from '@octavo/formats';
import { loadPeer } from './peers.ts';
import type { GpuAdapter } from './webgpu-types.ts';

interface Gpu {
  requestAdapter(): Promise<GpuAdapter | null>;
}

const isNode = (): boolean => typeof process !== 'undefined' && process.versions?.node !== undefined;

/**
 * Makes `navigator.gpu` exist and returns an adapter.
 *
 * @throws OctavoError where the platform has no WebGPU, the package is missing, or no adapter answers.
 */
export async function requestAdapter(): Promise<GpuAdapter> {
  const gpu = browserGpu() ?? (await nodeGpu());
  const adapter = await gpu.requestAdapter();
  if (!adapter) {
    throw new OctavoError(
      '[kernels] no WebGPU adapter answers: got none, expected a GPU with its driver (Vulkan on Linux); use the simd or gpu:webasm device',
    );
  }
  return adapter;
}

const browserGpu = (): Gpu | undefined => (globalThis as { navigator?: { gpu?: Gpu } }).navigator?.gpu;

async function nodeGpu(): Promise<Gpu> {
  if (!isNode()) {
    throw new OctavoError(
      '[kernels] this browser has no WebGPU: got no navigator.gpu, expected a secure page in a browser that has it',
    );
  }
  const name = 'webgpu'; // not a literal in the import: bundlers for browsers look for nothing
  const { create } = await loadPeer<{ create(flags: readonly string[]): Gpu }>(
    name,
    () => import(/* @vite-ignore */ /* webpackIgnore: true */ name),
  );
  const gpu = create([]);
  const navigator = (globalThis as { navigator?: object }).navigator;
  if (navigator) Object.defineProperty(navigator, 'gpu', { value: gpu, configurable: true });
  else Object.defineProperty(globalThis, 'navigator', { value: { gpu }, configurable: true });
  return gpu;
}

/** True for adapters that compute on the CPU: the platform's fallback, SwiftShader, llvmpipe, WARP. */
export function isSoftware({ info }: GpuAdapter): boolean {
  if (!info) return false;
  const words = `${info.vendor} ${info.architecture} ${info.device} ${info.description}`;
  return (
    info.isFallbackAdapter === true ||
    /swiftshader|llvmpipe|lavapipe|softpipe|basic render|\bwarp\b/i.test(words)
  );
}

/** An adapter in words. */
export function describeAdapter(adapter: GpuAdapter): string {
  const { info } = adapter;
  const words = info ? [info.vendor, info.architecture, info.description].filter((word) => word !== '') : [];
  return `${words.join(' ') || 'unnamed adapter'}${isSoftware(adapter) ? ', software' : ''}`;
}
