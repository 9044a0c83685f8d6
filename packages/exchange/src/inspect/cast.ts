/** @file The cast that tensors are tried in, by the words of the command line: format, which elements share a scale, and whence it comes. */
import { decode, E2M1, E4M3FN, encode, type Format, formats, quoted } from '@octavo/formats';
import {
  checkPolicy,
  faultError,
  type Granularity,
  initState,
  mxSpecScale,
  type Policy,
  type ScalingState,
  scaleFromAmax,
  scales,
} from '@octavo/scaling';

/** Scales from maxima: by a policy of `@octavo/scaling`, MX's own rule, or NVFP4's two levels. */
export type ScaleRule = Policy | { readonly kind: 'mx-spec' | 'nvfp4' };

export interface InspectedCast {
  readonly format: Format;
  readonly granularity: Granularity;
  readonly rule: ScaleRule;
  /** In words: `e4m3fn-current-tensor`. */
  readonly name: string;
}

/** By name; a block of any size is `ROWSxCOLUMNS`. NVFP4: 16 elements along a row (NVIDIA, arXiv 2509.25149). */
const granularities: Readonly<Record<string, Granularity>> = {
  tensor: { kind: 'tensor' },
  row: { kind: 'row' },
  channel: { kind: 'channel' },
  block: { kind: 'block', rows: 128, columns: 128 },
  mx: { kind: 'mx', axis: 'row' },
  nvfp4: { kind: 'block', rows: 1, columns: 16 },
};

/** All that tensors with signs can be cast to. */
export const castFormats = Object.values(formats).filter(({ signed, name }) => signed && name !== 'fp32');

export const granularityNames = [...Object.keys(granularities), 'ROWSxCOLUMNS'];
export const policyNames = ['current', 'delayed', 'fixedSCALE', 'mx-spec'];

/**
 * A cast by its words; what is left out, or null, is what is usual: E4M3 at 448 (E2M1 under NVFP4), a scale a tensor from its own maximum, in MX
 * blocks a power of two. Policies may end in `-p2` (a power of two) and `-marginN`, as a recipe's casts are called. Throws an
 * `OctavoError` (exit code 2) that names what is not known.
 */
export function inspectedCast(words: {
  readonly format?: string | null;
  readonly granularity?: string | null;
  readonly policy?: string | null;
}): InspectedCast {
  const by = words.granularity ?? 'tensor';
  const fine = by === 'nvfp4';
  const format = formatBy(words.format ?? (fine ? E2M1.name : E4M3FN.name));
  const [, high, wide] = /^([1-9]\d{0,8})x([1-9]\d{0,8})$/.exec(by) ?? [];
  const granularity =
    high !== undefined
      ? ({ kind: 'block', rows: Number(high), columns: Number(wide) } as const)
      : Object.hasOwn(granularities, by)
        ? granularities[by]!
        : refuse('granularity', by, `one of ${granularityNames.join(', ')}`);
  if (fine && words.policy != null)
    refuse('policy', words.policy, 'none with granularity nvfp4, which has its own');
  const policy = words.policy ?? (by === 'mx' ? 'current-p2' : 'current');
  const rule = fine ? ({ kind: 'nvfp4' } as const) : ruleBy(policy);
  return { format, granularity, rule, name: [format.name, ...(fine ? [] : [policy]), by].join('-') };
}

function refuse(path: string, got: string, expected: string): never {
  throw faultError('[exchange] cast’s', { path, got: quoted(got), expected });
}

function formatBy(name: string): Format {
  const format = castFormats.find((one) => one.name === name);
  return format ?? refuse('format', name, `one of ${castFormats.map((one) => one.name).join(', ')}`);
}

function ruleBy(text: string): ScaleRule {
  if (text === 'mx-spec') return { kind: text };
  const [, scale] = /^fixed(\d+(?:\.\d+)?(?:e[+-]?\d+)?)$/.exec(text) ?? [];
  if (scale !== undefined) return checkPolicy({ kind: 'fixed', scale: Number(scale) });
  const [, kind, history, more] = /^(?:(current)|delayed(\d*))((?:-p2|-margin-?\d+)*)$/.exec(text) ?? [];
  if (more === undefined)
    return refuse(
      'policy',
      text,
      `one of ${policyNames.join(', ')}; the first two may end in -p2 or -marginN`,
    );
  const [, margin] = /-margin(-?\d+)/.exec(more) ?? [];
  return checkPolicy({
    ...(kind === undefined ? { kind: 'delayed', ...(history && { history: Number(history) }) } : { kind }),
    ...{ powerOfTwo: more.includes('-p2'), margin: Number(margin ?? 0) },
  });
}

/** The scales of blocks with these maxima, multiplying before the cast; a delayed policy goes by `state`, if it has seen anything. */
export function scalesFor(
  { format, rule }: InspectedCast,
  amax: Float32Array,
  state: ScalingState | null,
): Float32Array {
  switch (rule.kind) {
    case 'mx-spec':
      return amax.map((a) => mxSpecScale(a, format.max));
    case 'nvfp4':
      return twoLevelScales(amax, format);
    default:
      return scales(rule, state ?? initState(rule, amax.length), format, amax);
  }
}

/**
 * NVFP4's: with g = 448 · max / (largest amax) a block's scale is g / E4M3(g · amax / max), never of E4M3's zero
 * (arXiv 2509.25149, appendix C).
 */
function twoLevelScales(amax: Float32Array, { max }: Format): Float32Array {
  const most = amax.reduce((a, b) => Math.max(a, b), 0);
  const whole = scaleFromAmax(most, E4M3FN.max * max);
  return amax.map((a) => {
    const code = encode(E4M3FN, Math.fround(a / max) * whole);
    return a === 0 ? 1 : whole / Math.max(E4M3FN.minSubnormal, decode(E4M3FN, code));
  });
}
