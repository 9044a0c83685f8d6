/**
 * @file Whether a GPU answers, asked in a process of its own: drivers write to standard error what no one can catch,
 * and the worst of them end the process they are loaded into.
 */
import { spawn } from 'node:child_process';

/** Milliseconds; a driver that takes longer to wake up is asked for by name. */
const PATIENCE = 30_000;

/** True if `createGpuDevice({ backend: 'webgpu' })` works there. */
export function gpuAnswers(): Promise<boolean> {
  const kernels = import.meta.resolve?.('@octavo/kernels');
  if (kernels === undefined) return Promise.resolve(true); // a bundler's world: ask in this process
  const code = `
    const { createGpuDevice } = await import(${JSON.stringify(kernels)});
    await createGpuDevice({ backend: 'webgpu' }).then(() => process.exit(0), () => process.exit(1));`;
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
      stdio: 'ignore',
      timeout: PATIENCE,
    });
    child.on('error', () => resolve(false));
    child.on('close', (status) => resolve(status === 0));
  });
}
