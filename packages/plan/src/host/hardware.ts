/** @file This machine as a device of a plan: what was measured of it. */
import { gemm } from '@octavo/kernels';
import { roomHere } from '@octavo/trainer';
import type { Hardware, Published } from '../hardware/hardware.ts';
import type { Calibration } from './calibrate.ts';

/** Bytes that one WebAssembly memory has. */
const WASM = 2 ** 32;

/** Peaks of the quickest kinds of operations; ranks of one machine send through its memory. */
export function hostHardware({ kinds }: Calibration): Hardware {
  const room = roomHere();
  const measured = (value: number, what: string): Published => ({ value, source: `measured here: ${what}` });
  const fastest = (of: (kind: string) => boolean, by: 'a' | 'b'): number =>
    Math.max(0, ...[...kinds].flatMap(([kind, law]) => (of(kind) && law[by] > 0 ? [1 / law[by]] : [])));
  const isProduct = (kind: string): boolean => kind.startsWith(`${gemm.name} `);
  const products = (format: string): number =>
    fastest((kind) => isProduct(kind) && kind.includes(` ${format} `), 'a');
  const copies = fastest((kind) => kind.startsWith('copy'), 'b');
  const [wide, half, codes] = [products('fp32 fp32'), products('bf16 bf16'), products('e4m3fn')];
  const matrix = Object.entries({ '8': codes, '16': half, '32': wide }).filter(([, value]) => value > 0);
  const bandwidth = measured(copies, 'a copy, read and written');
  return {
    name: 'host',
    title: 'this machine',
    matrix: Object.fromEntries(
      matrix.map(([bits, value]) => [bits, measured(value, `products of ${bits} bits`)]),
    ),
    vector: measured(
      fastest((kind) => kind.startsWith('attention '), 'a'),
      'attention',
    ),
    memory: measured(Math.min(room.memory, room.addresses, WASM), 'what a process may have'),
    bandwidth,
    node: { devices: room.cores, bandwidth },
    network: bandwidth,
    attention: { value: 'causal', source: '@octavo/simd' },
  };
}
