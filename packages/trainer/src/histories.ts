/** @file The maxima that delayed scales remember: into a checkpoint, and out of it to sites that cast alike. */
import { FP32, OctavoError } from '@octavo/formats';
import type { LinearName, LinearRecipe, Precision, Recipe, Site } from '@octavo/nn';
import { seesAlike, smoothingOf } from '@octavo/nn';
import { checkState, type ScalingState } from '@octavo/scaling';
import type { Checkpoint, TensorRecord } from '@octavo/store';
import { sameValue } from './checkpoint-metadata.ts';
import { recordOf, valuesOf } from './records.ts';

/** Scaling states by site, without the histories, which are tensors. */
export type StoredScaling = Readonly<Record<string, Omit<ScalingState, 'history'>>>;

/** The maxima that each site's policy remembers; the rest of its state is in the metadata. */
export const historyRecords = ({ sites }: Pick<Precision, 'sites'>): TensorRecord[] =>
  sites.flatMap((site) => {
    if (!site.state) return [];
    const values = Float32Array.from(site.state.history); // maxima of float32 tensors: exact
    return [
      recordOf(siteKey(site), 'amax-history', { shape: [values.length], format: FP32, scale: [] }, values),
    ];
  });

/** What the metadata say of the sites. */
export const scalingOf = (sites: readonly Site[]): StoredScaling =>
  Object.fromEntries(
    sites.flatMap((site) => {
      if (!site.state) return [];
      const { history: _, ...rest } = site.state;
      return [[siteKey(site), rest]];
    }),
  );

type Kind = Pick<Site, 'layer' | 'name' | 'operand' | 'format'>;

const kindKey = ({ layer, name, operand, format }: Kind): string =>
  `layers.${layer}.${name}.${operand}.${format.name}.`;
const siteKey = (site: Site): string => `${kindKey(site)}${site.index}`;

/** The states of a recipe's own checkpoint; throws where one is missing. */
export async function restoreHistories(
  sites: readonly Site[],
  checkpoint: Checkpoint,
  scaling: StoredScaling,
): Promise<void> {
  for (const site of sites) {
    if (!site.state || !site.cast) continue;
    const key = siteKey(site);
    if (!scaling[key])
      throw new OctavoError(
        `[trainer] ${checkpoint.path}: got no scaling state for "${key}", expected one for every cast of the recipe`,
        { exitCode: 2 },
      );
    await restore(site, key, checkpoint, scaling);
  }
}

/**
 * The states of another recipe's checkpoint, for the sites that cast as one of its sites did: the same operand of the
 * same layer, by an equal cast, smoothed alike. The others begin anew.
 */
export async function inheritHistories(
  { sites, recipe }: { readonly sites: readonly Site[]; readonly recipe: Recipe },
  checkpoint: Checkpoint,
  { recipe: before, scaling }: { readonly recipe: Recipe; readonly scaling: StoredScaling },
): Promise<void> {
  for (const site of sites) {
    if (!site.state || !site.cast || !castAlike(site, recipe, before)) continue;
    const keys = Object.keys(scaling).filter((key) => key.startsWith(kindKey(site)));
    if (keys.length === 1) await restore(site, keys[0]!, checkpoint, scaling);
  }
}

async function restore(
  site: Site,
  key: string,
  checkpoint: Checkpoint,
  scaling: StoredScaling,
): Promise<void> {
  const history = Array.from(valuesOf(await checkpoint.read(key, 'amax-history')));
  const where = `${checkpoint.path}: scaling of ${key}`;
  try {
    site.state = checkState(site.cast!.policy, { ...scaling[key], history }, where);
  } catch (cause) {
    if (!OctavoError.is(cause)) throw cause;
    throw new OctavoError(cause.message.replace(/^\[\w+\]/, '[trainer]'), { cause, exitCode: 2 });
  }
}

function castAlike(site: Site, recipe: Recipe, before: Recipe): boolean {
  const { layer, name, operand, cast } = site;
  const linear = before.overrides[name as LinearName] ?? before.linear;
  return (
    seesAlike(site, smoothingOf(recipe, layer), smoothingOf(before, layer)) &&
    castsOf(linear, operand).some((other) => sameValue(other, cast))
  );
}

const castsOf = ({ output, gradInput, gradWeight }: LinearRecipe, operand: Site['operand']) =>
  ({
    input: [output.input, gradWeight.input],
    weight: [output.weight, gradInput.weight],
    grad: [gradInput.grad, gradWeight.grad],
  })[operand];
