/** @file What a folder's scales are to be like: by its configuration, or where that is missing or contradicts them all, by their shapes. */
import type { ListedEntry } from '@octavo/store';
import { blockOfScales, scaleShape } from '../quantize/matrix.ts';
import { isQuantized } from '../quantize/read.ts';
import {
  type Dialect,
  quantizationConfig,
  type SchemeName,
  scaleSuffix,
  schemes,
} from '../quantize/schemes.ts';
import { type Finding, type Fix, finding } from './finding.ts';
import { isFloat8, type Json, type Patient, quantizationOf, type ScalePair, scalesIn } from './folder.ts';

/** Null where nothing says. */
export interface Expectation {
  readonly scheme: SchemeName | null;
  readonly dialect: Dialect | null;
  /** What is wrong with `quantization_config`. */
  readonly wrong: Finding | null;
}

export function expectationOf(patient: Patient): Expectation {
  const config = quantizationOf(patient);
  const pairs = scalesIn(patient).filter(({ weight }) => isFloat8(weight));
  const [agreed, ...others] = new Set(pairs.map(({ scale, weight }) => schemeOf(scale, weight!)));
  const seen = others.length === 0 ? agreed : undefined;
  const method = config.quant_method;
  const dialect = method === 'fp8' || method === 'compressed-tensors' ? method : null;
  const configured = schemeIn(config);
  const lacks = method === 'compressed-tensors' && Object.keys(Object(config.config_groups)).length === 0;
  if (lacks || !isQuantized({ quantization_config: config })) {
    if (![...patient.tensors.values()].some(isFloat8)) return { scheme: null, dialect: null, wrong: null };
    const fix = seen && (lacks || method === undefined) ? said(patient, seen, dialect) : null;
    const what = lacks
      ? 'compressed-tensors without config_groups (KeyError: group_0)'
      : `got quant_method ${JSON.stringify(method) ?? 'nothing'}, though weights are FP8`;
    const mend = seen ? `say what the scales' shapes say: ${seen}` : 'say how the weights are quantised';
    return {
      ...{ scheme: seen ?? null, dialect: fix && seen ? dialectFor(seen, dialect) : null },
      wrong: finding('no-scheme', 'quantization_config', what, mend, fix),
    };
  }
  const contradicted =
    configured &&
    seen &&
    seen !== configured &&
    pairs.every((pair) => (shapeMend(pair, configured)?.by ?? 'repeating') === 'repeating');
  if (!contradicted) return { scheme: configured, dialect, wrong: null };
  return {
    ...{ scheme: seen, dialect: dialectFor(seen, dialect) },
    wrong: finding(
      'other-scheme',
      'quantization_config',
      `it says ${configured}, and the shapes of all ${pairs.length} scales say ${seen}`,
      'say what the shapes say',
      said(patient, seen, dialect),
    ),
  };
}

const dialectFor = (scheme: SchemeName, dialect: Dialect | null): Dialect => {
  const known: readonly Dialect[] = schemes[scheme].dialects;
  return dialect && known.includes(dialect) ? dialect : known[0]!;
};

/** A configuration that says it. */
function said(patient: Patient, scheme: SchemeName, dialect: Dialect | null): Fix {
  const matrices = [...patient.tensors.values()].filter(
    ({ name, shape }) => name.endsWith('.weight') && shape.length === 2 && !name.includes('embed_tokens'),
  );
  const left = matrices.filter((one) => !isFloat8(one)).map(({ name }) => name.replace(/\.weight$/, ''));
  const isStatic =
    schemes[scheme].staticActivations !== null &&
    matrices.every(
      (one) => !isFloat8(one) || patient.tensors.has(one.name.replace(/weight$/, 'input_scale')),
    );
  const own = quantizationConfig(schemes[scheme], dialectFor(scheme, dialect), left, isStatic);
  return { of: 'config', set: { quantization_config: own } };
}

const STRATEGIES: Readonly<Record<string, SchemeName>> = {
  tensor: 'fp8',
  channel: 'fp8-channel',
  block: 'fp8-block',
  group: 'mxfp8',
};

/** The scheme that a configuration names, if it is one for all matrices. */
function schemeIn({
  quant_method: method,
  weight_block_size: blocks,
  config_groups: groups,
}: Json): SchemeName | null {
  if (method === 'fp8') return blocks == null ? 'fp8' : 'fp8-block';
  const [group, ...others] = Object.values(Object(groups) as object);
  const strategy: unknown = Object(Object(group).weights).strategy;
  return others.length === 0 && typeof strategy === 'string' && Object.hasOwn(STRATEGIES, strategy)
    ? STRATEGIES[strategy]!
    : null;
}

/** The scheme that a scale's shape means. */
function schemeOf(scale: ListedEntry, { shape }: ListedEntry): SchemeName | undefined {
  const [rows = 0, columns = 0] = shape;
  const block = blockOfScales(scale, rows, columns);
  if (block === null) return undefined;
  if (block.columns === 32 && /U8|E8M0/.test(scale.dtype)) return 'mxfp8';
  if (scale.shape.reduce((a, b) => a * b, 1) === 1) return 'fp8';
  return block.rows === 1 ? 'fp8-channel' : 'fp8-block';
}

/** The name of a scale in the folder: `weight_scale_inv` multiplies as `weight_scale` does. */
export const expectedSuffix = ({ scheme, dialect }: Expectation): string | null =>
  dialect && scaleSuffix(schemes[scheme ?? 'fp8'], dialect);

/** The shape that a scheme's scale has, and how it comes to it: `as it is`, its numbers laid out anew, or one for all; null: not at all. */
export function shapeMend(
  { scale, weight }: ScalePair,
  scheme: SchemeName,
): { readonly shape: readonly number[]; readonly by: 'as it is' | 'layout' | 'repeating' } | null {
  const [rows = 0, columns = 0] = weight!.shape;
  if (/U8|E8M0/.test(scale.dtype) !== (scheme === 'mxfp8') && scheme === 'mxfp8') return null;
  const shape = scaleShape(schemes[scheme], rows, columns);
  if (scale.shape.join() === shape.join()) return { shape, by: 'as it is' };
  const long = (of: readonly number[]): string => of.filter((axis) => axis !== 1).join();
  const flat = scale.shape.length === 1 && scale.shape[0] === shape.reduce((a, b) => a * b, 1);
  if (long(scale.shape) === long(shape) || flat) return { shape, by: 'layout' };
  return long(scale.shape) === '' && scheme !== 'mxfp8' ? { shape, by: 'repeating' } : null;
}
