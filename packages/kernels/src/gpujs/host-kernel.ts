/** @file A pass on gpu.js's host backends: built at its first call, which is when the sizes of arguments are seen. */
import { OctavoError } from '@octavo/formats';
import type { KernelSpec } from './kernel-spec.ts';
import type { GpuJs, KernelShortcut, WasmKernel } from './library.ts';

export interface HostKernel {
  run(inputs: readonly Float32Array[], numbers: readonly number[], out: Float32Array): void;
  destroy(): void;
}

type Library = InstanceType<GpuJs['GPU']>;

/** A kernel of the backend `mode`; throws where gpu.js would quietly run it on another one. */
export function createHostKernel(gpu: Library, mode: 'cpu' | 'webasm', spec: KernelSpec): HostKernel {
  let shortcut: KernelShortcut | undefined;

  function build(args: readonly (Float32Array | number)[]): KernelShortcut {
    try {
      const made = gpu.createKernel(spec.source, spec.settings);
      made.kernel.build(...args);
      assertBackend(made, mode, spec.label);
      return made;
    } catch (cause) {
      if (OctavoError.is(cause)) throw cause;
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new OctavoError(`[kernels] ${spec.label} does not compile on gpu.js ${mode}: ${reason}`, {
        cause,
      });
    }
  }

  return {
    run(inputs, numbers, out) {
      if (spec.length === 0) return;
      const args = [...inputs, ...numbers];
      shortcut ??= build(args);
      if (mode === 'webasm') runWasm(shortcut.kernel as WasmKernel, args, out, spec.threads[0]!);
      else flatten(shortcut(...args), out, 0);
    },
    destroy() {
      shortcut?.kernel.destroy();
      shortcut = undefined;
    },
  };
}

/** gpu.js falls back to its `cpu` backend with no more than a console warning: refuse that. */
export function assertBackend(shortcut: KernelShortcut, mode: string, label: string): void {
  const { constructor: backend, fallbackReason } = shortcut.kernel;
  if (backend.mode !== mode || fallbackReason) {
    throw new OctavoError(
      `[kernels] ${label} runs on gpu.js ${backend.mode}, expected ${mode}: ${fallbackReason ?? 'no reason given'}`,
    );
  }
}

/** Copies arguments into the module's memory, runs it over all cells, and copies the output out. */
function runWasm(
  kernel: WasmKernel,
  args: readonly (Float32Array | number)[],
  out: Float32Array,
  columns: number,
): void {
  const { layout, f32, i32, run, runSimd, cells } = kernel._active!;
  for (const name in layout.arrays) {
    const { index, offset } = layout.arrays[name]!;
    f32.set(args[index] as Float32Array, offset / 4);
  }
  for (const name in layout.scalars) {
    const { index, offset, type } = layout.scalars[name]!;
    if (type === 'Integer') i32[offset / 4] = args[index] as number;
    else f32[offset / 4] = args[index] as number;
  }
  kernel.constructor.dispatchSpans(run, runSimd, cells, columns, 0);
  const start = layout.outputOffset / 4;
  out.set(f32.subarray(start, start + out.length));
}

/** Nested rows, as gpu.js returns outputs of two dimensions or of several components, one after the other. */
function flatten(result: unknown, out: Float32Array, offset: number): number {
  if (typeof result === 'number') {
    out[offset] = result;
    return offset + 1;
  }
  if (result instanceof Float32Array) {
    out.set(result, offset);
    return offset + result.length;
  }
  let position = offset;
  for (const part of result as ArrayLike<unknown> & Iterable<unknown>)
    position = flatten(part, out, position);
  return position;
}
