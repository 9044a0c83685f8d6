/** @file What the study's pictures share: the scalings they compare, names, figures as text. */
import { below, shaded, WHOLE } from '../../charts/frame.ts';
import { median } from '../../engine/numbers.ts';
import type { Cast } from '../casts.ts';

/** A way to scale, with its name in the pictures; `|` breaks it into lines. */
export interface Scaling extends Pick<Cast, 'granularity' | 'policy'> {
  readonly name: string;
}

/** Coarse to fine. */
export const scalings: readonly Scaling[] = [
  { name: 'tensor,|delayed', granularity: 'tensor', policy: 'delayed' },
  { name: 'tensor', granularity: 'tensor', policy: 'current' },
  { name: 'row', granularity: 'row', policy: 'current' },
  { name: 'channel', granularity: 'channel', policy: 'current' },
  { name: '128×128', granularity: '128x128', policy: 'current' },
  { name: '1×128', granularity: '1x128', policy: 'current' },
  { name: 'MX 32', granularity: 'mx32', policy: 'current-p2' },
];

export const inOneLine = (name: string): string => name.replace('|', ' ');

export const models = { base: 'the healthy model', aged: 'the aged model', run: 'the run' } as const;
export type ModelName = keyof typeof models;

/** The largest SQNR that is drawn: a cast that loses nothing has an infinite one. */
const MOST = 60;
export const drawn = (dB: number): number => Math.max(0, Math.min(MOST, dB));

export const decibels = (value: number): string => `${value.toFixed(1)} dB`;

/** A share as percent, two digits, three above ten percent: 99.8 % is not 100 %. */
export const percent = (share: number): string =>
  `${Number((100 * share).toPrecision(share >= 0.1 ? 3 : 2))} %`;

/** A colour for each of few names, in this order. */
export const sorted = (
  field: string,
  shades: Readonly<Record<string, string>>,
  legend: object | null = below(WHOLE),
) => {
  const { type, scale } = shaded(field, shades, legend);
  return { field, type, sort: Object.keys(shades), scale, legend };
};

export const medianOf = <T>(rows: readonly T[], value: (row: T) => number): number => median(rows.map(value));
