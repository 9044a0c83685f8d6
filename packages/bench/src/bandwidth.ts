/** @file What moves memory, in GB/s, beside a plain copy of as many bytes. */
import { type Format, FP32 } from '@octavo/formats';
import {
  type Attributes,
  createScope,
  type Device,
  type FusedOperator,
  type Operator,
  type Scope,
  type Shape,
  type Tensor,
} from '@octavo/kernels';
import type { BenchDevice } from './devices.ts';
import type { BenchRow, BenchTable, Column } from './table.ts';
import { bytesOf, noisy } from './tensors.ts';
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

/** Makes a tensor of a case. */
export type Make = (device: Device, scope: Scope) => Tensor;

export const ofNoise =
  (shape: Shape, format: Format, spread = 1): Make =>
  (device, scope) =>
    noisy(device, scope, shape, format, spread);

/** Zeros, or whatever lies there: for results. */
export const empty =
  (shape: Shape, format: Format = FP32): Make =>
  (_, scope) =>
    scope.alloc(shape, format);

export const ofValues =
  (values: ArrayLike<number>, shape: Shape = [values.length], format: Format = FP32): Make =>
  (device, scope) => {
    const tensor = scope.alloc(shape, format);
    device.write(tensor, values);
    return tensor;
  };

/** A case of one operator: what it moves is what it reads and writes. */
export const operatorCase = <A extends Attributes>(
  name: string,
  operator: Operator<A> | FusedOperator<A>,
  attributes: A,
  inputs: readonly Make[],
  outs: readonly Make[],
): BandwidthCase => ({
  name,
  prepare(device, scope) {
    const [from, to] = [inputs, outs].map((all) => all.map((make) => make(device, scope)));
    return { moves: [...from!, ...to!], run: () => device.run(operator, attributes, from!, to!) };
  },
});

/** A copy between two tensors, `bytes` read and written in all. */
function prepareCopy(device: Device, scope: Scope, bytes: number): Subject {
  const length = Math.max(1, Math.round(bytes / 8));
  const [from, to] = [scope.alloc([length], FP32), scope.alloc([length], FP32)];
  device.write(from, new Float32Array(length).fill(1));
  return () => device.copy(to, from);
}

/** Which devices copy: the first alone, or each beside its own figures. */
export type Copies = 'first' | 'each';

async function bandwidthRow(
  devices: readonly BenchDevice[],
  { name, prepare }: BandwidthCase,
  effort: Effort,
  copies: Copies,
): Promise<BenchRow> {
  const scopes = devices.map(({ device }) => createScope(device));
  const prepared = devices.map(({ device }, i) => prepare(device, scopes[i]!));
  const bytes = prepared[0]!.moves.reduce((sum, t) => sum + bytesOf(t), 0);
  const copying = copiers(devices, copies);
  const subjects = copying.map(({ device }, i) => prepareCopy(device, scopes[i]!, bytes));
  const all = await alternate([...subjects, ...prepared.map(({ run }) => run)], effort);
  for (const scope of scopes) scope.release();
  const [copyMs, times] = [all.slice(0, copying.length), all.slice(copying.length)];
  const values: Record<string, number> = { megabytes: bytes / 1e6 };
  for (const [i, { key }] of devices.entries()) {
    values[`gbs_${key}`] = bytes / times[i]! / 1e6;
    values[`of_copy_${key}`] = copyMs[0]! / times[i]!;
    if (i > 0 && i < copying.length) values[`of_own_copy_${key}`] = copyMs[i]! / times[i]!;
  }
  values.gbs_copy = bytes / copyMs[0]! / 1e6;
  for (const [i, { key }] of copying.entries()) {
    if (i > 0) values[`gbs_copy_${key}`] = bytes / copyMs[i]! / 1e6;
  }
  return { name, values };
}

const copiers = (devices: readonly BenchDevice[], copies: Copies): readonly BenchDevice[] =>
  copies === 'each' ? devices : devices.slice(0, 1);

/** The first device is on one thread. */
function bandwidthColumns(devices: readonly BenchDevice[], copies: Copies): Column[] {
  const others = copiers(devices, copies).slice(1);
  return [
    { key: 'megabytes', label: 'MB', digits: 1 },
    ...devices.map(({ key, label }) => ({ key: `gbs_${key}`, label: `GB/s, ${label}`, digits: 1 })),
    { key: 'gbs_copy', label: 'copy', digits: 1 },
    ...others.map(({ key, label }) => ({ key: `gbs_copy_${key}`, label: `copy, ${label}`, digits: 1 })),
    ...devices.map(({ key, label }) => ({ key: `of_copy_${key}`, label: `of copy, ${label}`, digits: 2 })),
    ...others.map(({ key, label }) => ({
      key: `of_own_copy_${key}`,
      label: `of copy on as many, ${label}`,
      digits: 2,
    })),
  ];
}

export async function bandwidthTable(
  head: Pick<BenchTable, 'id' | 'title' | 'note'>,
  devices: readonly BenchDevice[],
  cases: readonly BandwidthCase[],
  effort: Effort,
  copies: Copies = 'first',
): Promise<BenchTable> {
  const rows: BenchRow[] = [];
  for (const one of cases) rows.push(await bandwidthRow(devices, one, effort, copies));
  return { ...head, columns: bandwidthColumns(devices, copies), rows };
}
