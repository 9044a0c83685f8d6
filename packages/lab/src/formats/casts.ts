/** @file The casts that are compared: every format, granularity and policy that go together. */
import { formatOf } from '@octavo/formats';
import { current, delayed, fixed, type Granularity, type Policy } from '@octavo/scaling';
import type { FormatsSettings } from './settings.ts';

/** Which elements share a scale. Rows of activations and gradients are tokens; MX blocks lie along rows. */
export const granularities = {
  tensor: { kind: 'tensor' },
  row: { kind: 'row' },
  channel: { kind: 'channel' },
  '1x128': { kind: 'block', rows: 1, columns: 128 },
  '128x128': { kind: 'block', rows: 128, columns: 128 },
  mx32: { kind: 'mx', axis: 'row' },
} as const satisfies Readonly<Record<string, Granularity>>;

export type GranularityName = keyof typeof granularities;

/** `-p2`: the scale is a power of two, rounded down; `mx-spec`: MX's own rule, with which elements may overflow. */
export type PolicyName = 'current' | 'current-p2' | 'delayed' | 'delayed-p2' | 'fixed' | 'mx-spec';

export interface Cast {
  readonly format: string;
  readonly granularity: GranularityName;
  readonly policy: PolicyName;
}

export const eightBits = ['e4m3fn', 'e4m3', 'e4m3fnuz', 'e5m2', 'e5m2fnuz'] as const;

/** One scale a tensor may be remembered or given; finer ones come from the tensor itself, as in the recipes. */
const policiesOf = (granularity: GranularityName): readonly PolicyName[] => {
  if (granularity === 'tensor') return ['delayed', 'delayed-p2', 'current', 'current-p2', 'fixed'];
  return granularity === 'mx32' ? ['current-p2', 'mx-spec'] : ['current', 'current-p2'];
};

/** Four bits have no range of their own: E2M1 is looked at with block scales only. */
const withBlocks: readonly GranularityName[] = ['1x128', '128x128', 'mx32'];

const names = Object.keys(granularities) as GranularityName[];

export const casts: readonly Cast[] = [
  ...eightBits.flatMap((format) => combine(format, names)),
  ...combine('e2m1', withBlocks),
];

function combine(format: string, those: readonly GranularityName[]): Cast[] {
  return those.flatMap((granularity) =>
    policiesOf(granularity).map((policy) => ({ format, granularity, policy })),
  );
}

/** The policies of @octavo/scaling by their names here; `mx-spec` has none. */
export const policies = (settings: FormatsSettings): Readonly<Record<PolicyName, Policy | null>> => ({
  current: current(),
  'current-p2': current({ powerOfTwo: true }),
  delayed: delayed({ history: settings.history }),
  'delayed-p2': delayed({ history: settings.history, powerOfTwo: true }),
  fixed: fixed(settings.fixedScale),
  'mx-spec': null,
});

/** The format a recipe of the paper casts this operand to. */
export const paperFormat = (operand: string): string => (operand === 'grad' ? 'e5m2' : 'e4m3fn');

/** For people. */
export const nameOfFormat = (format: string): string =>
  ({
    e4m3fn: 'E4M3 448',
    e4m3: 'E4M3 240',
    e4m3fnuz: 'E4M3 FNUZ',
    e5m2: 'E5M2',
    e5m2fnuz: 'E5M2 FNUZ',
    e2m1: 'E2M1',
  })[format] ?? formatOf(format).name;
