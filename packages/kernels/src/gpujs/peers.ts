/** @file The optional packages behind the gpu.js devices, loaded when one is made; a missing one is named. */
import { OctavoError } from '@octavo/formats';

/** The versions that are known to work; equal to the peer dependencies in package.json. */
export const peers = { 'gpu.js': '2.24.1', webgpu: '0.6.2' } as const;

/**
 * Runs an import of an optional package.
 *
 * @throws OctavoError that says what to install, where the package is missing or does not load.
 */
export async function loadPeer<Module>(
  name: keyof typeof peers,
  load: () => Promise<unknown>,
): Promise<Module> {
  try {
    return (await load()) as Module;
  } catch (cause) {
    const [reason] = (cause instanceof Error ? cause.message : String(cause)).split('\n');
    throw new OctavoError(
      `[kernels] ${name} ${peers[name]}, an optional package, does not load: got ${reason}; npm install ${name}@${peers[name]}, or use the simd or the reference device`,
      { cause, exitCode: 2 },
    );
  }
}
