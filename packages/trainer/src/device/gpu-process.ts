/**
 * @file A GPU tried in a process of its own: drivers write to standard error what no one can catch, and the worst of them
 * end the process they are loaded into.
 */
import { spawn } from 'node:child_process';
import { createGpuDevice } from '@octavo/kernels';
import { type Trial, tryDevice, type Workload } from './trial.ts';

/** Milliseconds for a driver to wake up, compile and do its steps. */
const PATIENCE = 30_000;

/** What was asked of the GPU. */
export interface GpuQuestion {
  /** Null: only whether it answers, and computes what the reference computes. */
  readonly work: Workload | null;
  /** Also adapters that compute on the CPU. */
  readonly allowSoftware: boolean;
}

export type GpuAnswer =
  | { readonly works: true; readonly description: string; readonly trial: Trial | null }
  /** `absent`: no GPU is there to be tried; else one is, and something is wrong with it. */
  | { readonly works: false; readonly reason: string; readonly absent: boolean };

/** Asks in a process of its own; what this process prints stays as it is. */
export function askGpu(question: GpuQuestion, patience: number = PATIENCE): Promise<GpuAnswer> {
  const trainer = import.meta.resolve?.('@octavo/trainer');
  if (trainer === undefined) return answerForGpu(question); // a bundler's world: ask in this process
  const code = `
    const { answerForGpu } = await import(${JSON.stringify(trainer)});
    process.send(await answerForGpu(JSON.parse(process.argv[1])), () => process.exit(0));`;
  return new Promise((resolve) => {
    const fail = (reason: string): void => resolve({ works: false, reason, absent: false });
    const arguments_ = ['--input-type=module', '-e', code, JSON.stringify(question)];
    const child = spawn(process.execPath, arguments_, {
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      timeout: patience,
      killSignal: 'SIGKILL',
    });
    child.on('message', (answer) => resolve(answer as GpuAnswer));
    child.on('error', ({ message }) => fail(`no process to try it in: ${message}`));
    child.on('close', (status, signal) =>
      fail(
        signal === 'SIGKILL'
          ? `it gave no answer within ${patience / 1000} s`
          : `the process that tried it ended with ${signal ?? `exit code ${status}`}`,
      ),
    );
  });
}

/** The answer, given in this process. */
export async function answerForGpu({ work, allowSoftware }: GpuQuestion): Promise<GpuAnswer> {
  try {
    const device = await createGpuDevice({ backend: 'webgpu', allowSoftware });
    try {
      const trial = work && (await tryDevice(device, work));
      return { works: true, description: device.description, trial };
    } finally {
      await device.destroy();
    }
  } catch (error) {
    const reason = inShort(error);
    return { works: false, reason, absent: ABSENT.test(reason) };
  }
}

/** What `createGpuDevice` says where there is no GPU, none but a software renderer, or no package to reach one. */
const ABSENT =
  /^(no WebGPU adapter|the only WebGPU adapter|this browser has no WebGPU|\S+ \S+, an optional package)/;

/** What is wrong, without the package that says so and without its advice. */
const inShort = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error))
    .split('\n')[0]!
    .replace(/^\[\w+\] /, '')
    .split('; ')[0]!;
