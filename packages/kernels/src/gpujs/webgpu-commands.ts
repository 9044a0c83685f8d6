/** @file Commands recorded for a GPU and, batch by batch, encoded and submitted in the order in which they were recorded. */
import type { Resident } from './buffer-pool.ts';
import type { GpuKernel } from './webgpu-kernel.ts';
import type { GpuBuffer, GpuComputePass, GpuDevice } from './webgpu-types.ts';
import { usage } from './webgpu-types.ts';

export type Command =
  | {
      readonly kind: 'launch';
      readonly kernel: GpuKernel;
      readonly inputs: readonly Resident[];
      readonly numbers: readonly number[];
      readonly out: Resident;
    }
  | {
      readonly kind: 'copy';
      readonly from: GpuBuffer;
      readonly fromByte: number;
      readonly to: GpuBuffer;
      readonly toByte: number;
      readonly bytes: number;
      /** Destroy the source once it is submitted: it carried a write. */
      readonly once?: boolean;
    };

export interface Recorder {
  record(command: Command, uses: readonly Resident[]): void;
  /** Stores data in its place in the order of commands. */
  write(to: Resident, data: Float32Array): void;
  /** Submits what was recorded, after the batches before it and once its kernels are built. */
  flush(): Promise<void>;
  /** Makes every later flush fail. */
  fail(error: Error): void;
  check(): void;
}

export function createRecorder(device: GpuDevice, describe: (message: string) => Error): Recorder {
  let commands: Command[] = [];
  let batch = 1;
  let submitted = 0;
  let tail: Promise<void> = Promise.resolve();
  let failure: Error | undefined;

  const fail = (error: Error): void => {
    failure ??= error;
  };
  const check = (): void => {
    if (failure) throw failure;
  };

  function record(command: Command, uses: readonly Resident[]): void {
    commands.push(command);
    for (const resident of uses) resident.lastUse = batch;
  }

  async function submit(taken: readonly Command[], number: number): Promise<void> {
    check();
    try {
      for (const command of taken) {
        if (command.kind === 'launch' && !command.kernel.built) await command.kernel.ready;
      }
      device.pushErrorScope('validation');
      device.queue.submit([encode(device, taken)]);
      device.popErrorScope().then(
        (error) => error && fail(describe(error.message)),
        () => undefined,
      );
      for (const command of taken) if (command.kind === 'copy' && command.once) command.from.destroy();
      submitted = number;
    } catch (error) {
      fail(error instanceof Error ? error : describe(String(error)));
      check();
    }
  }

  return {
    record,
    write(to, data) {
      if (data.length === 0) return;
      if (to.lastUse <= submitted) {
        device.queue.writeBuffer(to.buffer, 0, data);
        return;
      }
      const from = device.createBuffer({
        size: data.byteLength,
        usage: usage.copySource,
        mappedAtCreation: true,
      });
      new Float32Array(from.getMappedRange()).set(data);
      from.unmap();
      const bytes = data.byteLength;
      record({ kind: 'copy', from, fromByte: 0, to: to.buffer, toByte: 0, bytes, once: true }, [to]);
    },
    flush() {
      if (commands.length > 0) {
        const taken = commands;
        const number = batch++;
        commands = [];
        tail = tail.then(() => submit(taken, number));
        tail.catch(() => undefined); // whoever awaits a flush hears of it
      }
      return tail.then(check);
    },
    fail,
    check,
  };
}

/** One command buffer; neighbouring launches share a compute pass. */
function encode(device: GpuDevice, commands: readonly Command[]): object {
  const encoder = device.createCommandEncoder();
  let pass: GpuComputePass | undefined;
  for (const command of commands) {
    if (command.kind === 'launch') {
      pass ??= encoder.beginComputePass();
      command.kernel.launch(pass, command.inputs, command.numbers, command.out);
    } else {
      pass?.end();
      pass = undefined;
      const { from, fromByte, to, toByte, bytes } = command;
      encoder.copyBufferToBuffer(from, fromByte, to, toByte, bytes);
    }
  }
  pass?.end();
  return encoder.finish();
}
