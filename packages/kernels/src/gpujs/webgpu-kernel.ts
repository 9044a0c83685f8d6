/** @file A gpu.js kernel compiled for WebGPU, launched over our own buffers: pipeline, parameters, bind groups. */
import { OctavoError } from '@octavo/formats';
import type { Resident } from './buffer-pool.ts';
import { assertBackend } from './host-kernel.ts';
import type { KernelSpec } from './kernel-spec.ts';
import type { GpuJs, WebGpuKernel } from './library.ts';
import type { GpuBindGroup, GpuBuffer, GpuComputePass, GpuDevice } from './webgpu-types.ts';
import { usage } from './webgpu-types.ts';

/** Bind groups kept by a kernel before it starts over: a bound against call patterns that never repeat. */
const maxBindGroups = 4096;

export interface GpuKernel {
  /** Resolves once it can be launched; rejects if it does not compile. */
  readonly ready: Promise<void>;
  /** True once `ready` has resolved. */
  readonly built: boolean;
  /** Adds a dispatch to a compute pass. */
  launch(pass: GpuComputePass, inputs: readonly Resident[], numbers: readonly number[], out: Resident): void;
  destroy(): void;
}

interface Parameters {
  readonly buffer: GpuBuffer;
  readonly groups: Map<string, GpuBindGroup>;
}

/** Starts to build a kernel on the device that gpu.js shares. */
export function createGpuKernel(
  gpu: InstanceType<GpuJs['GPU']>,
  device: GpuDevice,
  spec: KernelSpec,
): GpuKernel {
  const { sizes } = spec;
  const parameters = new Map<string, Parameters>();
  const threads = [spec.threads[0]!, spec.threads[1] ?? 1, 1];
  let kernel: WebGpuKernel | undefined;
  let groups: readonly number[] = [0, 0, 0];
  let dispatchWidth = 0;

  async function build(): Promise<void> {
    try {
      const shortcut = gpu.createKernel(spec.source, spec.settings);
      // Values are not looked at: their types are given. The arrays stand for tensors.
      const stand = spec.settings.argumentTypes.map((type) => (type === 'Array' ? new Float32Array(1) : 0));
      await shortcut.kernel.build(...stand);
      assertBackend(shortcut, 'webgpu', spec.label);
      const built = shortcut.kernel as WebGpuKernel;
      ({ groups, dispatchWidth } = built._computeDispatch(threads));
      built.outputBuffer?.destroy();
      built.outputBuffer = null;
      kernel = built;
    } catch (cause) {
      if (OctavoError.is(cause)) throw cause;
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new OctavoError(`[kernels] ${spec.label} does not compile on gpu.js webgpu: ${reason}`, {
        cause,
      });
    }
  }

  function parametersFor(numbers: readonly number[]): Parameters {
    const key = numbers.join();
    let made = parameters.get(key);
    if (made === undefined) {
      const { byteLength, arrayArgs, scalarArgs } = kernel!.paramsLayout;
      const buffer = device.createBuffer({ size: byteLength, usage: usage.uniform, mappedAtCreation: true });
      const bytes = buffer.getMappedRange();
      const u32 = new Uint32Array(bytes);
      u32.set([...threads, dispatchWidth]);
      arrayArgs.forEach(({ index, dimsOffset }) => {
        const size = sizes[index]!;
        u32.set([size, 1, 1, size], dimsOffset / 4);
      });
      for (const { index, offset, type } of scalarArgs) {
        const value = numbers[index - sizes.length]!;
        if (type === 'Integer') new Int32Array(bytes)[offset / 4] = value;
        else new Float32Array(bytes)[offset / 4] = value;
      }
      buffer.unmap();
      made = { buffer, groups: new Map() };
      parameters.set(key, made);
    }
    return made;
  }

  function groupFor(numbers: readonly number[], inputs: readonly Resident[], out: Resident): GpuBindGroup {
    const made = parametersFor(numbers);
    let key = `${out.id}`;
    for (const input of inputs) key += `,${input.id}`;
    let group = made.groups.get(key);
    if (group === undefined) {
      const { bindGroupLayout, paramsLayout } = kernel!;
      const buffers = [
        made.buffer,
        ...inputs.map((input) => input.buffer),
        out.buffer,
        ...paramsLayout.bufferConstants.map((constant) => constant.buffer),
      ];
      group = device.createBindGroup({
        layout: bindGroupLayout,
        entries: buffers.map((buffer, binding) => ({ binding, resource: { buffer } })),
      });
      if (made.groups.size >= maxBindGroups) made.groups.clear();
      made.groups.set(key, group);
    }
    return group;
  }

  const ready = spec.length === 0 ? Promise.resolve() : build();
  ready.catch(() => undefined); // reported by the flush that awaits it
  return {
    ready,
    get built() {
      return kernel !== undefined || spec.length === 0;
    },
    launch(pass, inputs, numbers, out) {
      if (spec.length === 0) return;
      pass.setPipeline(kernel!.computePipeline);
      pass.setBindGroup(0, groupFor(numbers, inputs, out));
      pass.dispatchWorkgroups(groups[0]!, groups[1]!, groups[2]!);
    },
    destroy() {
      for (const { buffer } of parameters.values()) buffer.destroy();
      parameters.clear();
      kernel?.destroy();
      kernel = undefined;
    },
  };
}
