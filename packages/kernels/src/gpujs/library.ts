/**
 * @file The part of gpu.js 2.24.1 that is used, loaded when a device is made.
 *
 * The fields of `WasmEntry`, `WebGpuKernel` and `WebGpuContext` are not documented: the version is pinned, and
 * test/gpujs-fields.test.ts says which of them must exist and why.
 */
import { loadPeer } from './peers.ts';
import type {
  GpuAdapter,
  GpuBindGroupLayout,
  GpuBuffer,
  GpuComputePipeline,
  GpuDevice,
} from './webgpu-types.ts';

export interface KernelSettings {
  readonly output: number[];
  readonly precision: 'single';
  readonly constants: Readonly<Record<string, number | Float32Array>>;
  readonly constantTypes: Readonly<Record<string, 'Integer' | 'Float' | 'Array'>>;
  readonly argumentTypes: readonly ('Array' | 'Integer' | 'Float')[];
  readonly loopMaxIterations: number;
  readonly functions: readonly {
    readonly source: string;
    readonly settings: { readonly argumentTypes: readonly string[]; readonly returnType: string };
  }[];
}

/** What gpu.js returns from `createKernel`: a function with the backend's kernel in it. */
export interface KernelShortcut {
  (...args: readonly (Float32Array | number)[]): unknown;
  readonly kernel: BackendKernel;
}

export interface BackendKernel {
  readonly constructor: { readonly mode: string; readonly name: string };
  readonly fallbackReason?: string | null;
  build(...args: readonly (Float32Array | number)[]): unknown;
  destroy(): void;
}

/** A compiled module of the webasm backend with its own memory, laid out `[arguments | constants | output]`. */
export interface WasmEntry {
  readonly cells: number;
  readonly f32: Float32Array;
  readonly i32: Int32Array;
  readonly run: (start: number, end: number, seed: number) => void;
  readonly runSimd: ((start: number, end: number, seed: number) => void) | null;
  readonly layout: {
    readonly arrays: Readonly<Record<string, { readonly index: number; readonly offset: number }>>;
    readonly scalars: Readonly<
      Record<string, { readonly index: number; readonly offset: number; readonly type: string }>
    >;
    readonly outputOffset: number;
  };
}

export interface WasmKernel extends BackendKernel {
  readonly constructor: BackendKernel['constructor'] & {
    dispatchSpans(
      run: WasmEntry['run'],
      runSimd: WasmEntry['runSimd'],
      cells: number,
      columns: number,
      seed: number,
    ): string;
  };
  readonly componentCount: number;
  readonly _active: WasmEntry | null;
}

export interface WebGpuContext {
  readonly adapter: GpuAdapter;
  readonly device: GpuDevice;
  readonly isLost: boolean;
}

export interface WebGpuKernel extends BackendKernel {
  readonly computePipeline: GpuComputePipeline;
  readonly bindGroupLayout: GpuBindGroupLayout;
  readonly context: WebGpuContext;
  readonly componentCount: number;
  readonly compiledSource: string;
  outputBuffer: GpuBuffer | null;
  readonly paramsLayout: {
    readonly byteLength: number;
    readonly arrayArgs: readonly { readonly index: number; readonly dimsOffset: number }[];
    readonly scalarArgs: readonly {
      readonly index: number;
      readonly offset: number;
      readonly type: string;
    }[];
    readonly bufferConstants: readonly { readonly buffer: GpuBuffer }[];
  };
  _computeDispatch(threads: readonly number[]): {
    readonly groups: readonly number[];
    readonly dispatchWidth: number;
  };
}

export interface GpuJs {
  readonly GPU: new (settings: {
    mode: 'cpu' | 'webasm' | 'webgpu';
  }) => {
    createKernel(source: string, settings: KernelSettings): KernelShortcut;
    destroy(): Promise<void>;
  };
  readonly WebGPUContext: { acquire(): Promise<WebGpuContext>; destroy(): Promise<void> };
}

/** Imports gpu.js (CommonJS: its exports may sit under `default`). */
export async function loadGpuJs(): Promise<GpuJs> {
  const module = await loadPeer<{ default?: GpuJs } & GpuJs>('gpu.js', () => import('gpu.js'));
  return module.default ?? module;
}
