/** @file What moves memory, in GB/s, beside a plain copy of as many bytes. */
import { FP32 } from '@octavo/formats';
import { createScope, type Device, type Scope, type Tensor } from '@octavo/kernels';
import type { BenchDevice } from './devices.ts';
import type { BenchRow, BenchTable, Column } from './table.ts';
import { bytesOf } from './tensors.ts';
import { alternate, type Effort, type Subject } from './timing.ts';

export interface Prepared {
  readonly run: Subject;
  /** Tensors that a call reads or writes, each once. */
  readonly moves: readonly Tensor[];
}

export interface BandwidthCase {
  readonly name: string;
  readonly prepare: (device: Device, scope: Scope) => Prepared;
}

/** A copy between two tensors, `bytes` read and written in all. */
function prepareCopy(device: Device, scope: Scope, bytes: number): Subject {
  const length = Math.max(1, Math.round(bytes / 8));
  const [from, to] = [scope.alloc([length], FP32), scope.alloc([length], FP32)];
  device.write(from, new Float32Array(length).fill(1));
  return () => device.copy(to, from);
}

export async function bandwidthRow(
  devices: readonly BenchDevice[],
  { name, prepare }: BandwidthCase,
  effort: Effort,
): Promise<BenchRow> {
  const scopes = devices.map(({ device }) => createScope(device));
  const prepared = devices.map(({ device }, i) => prepare(device, scopes[i]!));
  const bytes = prepared[0]!.moves.reduce((sum, t) => sum + bytesOf(t), 0);
  const copy = prepareCopy(devices[0]!.device, scopes[0]!, bytes);
  const [copyMs, ...times] = await alternate([copy, ...prepared.map(({ run }) => run)], effort);
  for (const scope of scopes) scope.release();
  const values: Record<string, number> = { megabytes: bytes / 1e6 };
  for (const [i, { key }] of devices.entries()) {
    values[`gbs_${key}`] = bytes / times[i]! / 1e6;
    values[`of_copy_${key}`] = copyMs! / times[i]!;
  }
  values.gbs_copy = bytes / copyMs! / 1e6;
  return { name, values };
}

export const bandwidthColumns = (devices: readonly BenchDevice[]): Column[] => [
  { key: 'megabytes', label: 'MB', digits: 1 },
  ...devices.map(({ key, label }) => ({ key: `gbs_${key}`, label: `GB/s, ${label}`, digits: 1 })),
  { key: 'gbs_copy', label: 'copy', digits: 1 },
  ...devices.map(({ key, label }) => ({ key: `of_copy_${key}`, label: `of copy, ${label}`, digits: 2 })),
];

export async function bandwidthTable(
  head: Pick<BenchTable, 'id' | 'title' | 'note'>,
  devices: readonly BenchDevice[],
  cases: readonly BandwidthCase[],
  effort: Effort,
): Promise<BenchTable> {
  const rows: BenchRow[] = [];
  for (const one of cases) rows.push(await bandwidthRow(devices, one, effort));
  return { ...head, columns: bandwidthColumns(devices), rows };
}
