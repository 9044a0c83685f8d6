/** @file A folder as it lies there, right or wrong: every shard's header, the index, `config.json`. */
import { OctavoError } from '@octavo/formats';
import {
  INDEX_FILE,
  type ListedEntry,
  listNames,
  openSafetensors,
  openSafetensorsFolder,
  type Safetensors,
  type SafetensorsTensor,
  within,
} from '@octavo/store';
import { readModelConfig } from '../hugging-face-source.ts';
import type { Finding } from './finding.ts';

export type Json = Readonly<Record<string, unknown>>;

export interface Patient {
  readonly folder: string;
  readonly json: Json;
  /** All tensors of all shards; of a name that stands twice the first. */
  readonly tensors: ReadonlyMap<string, ListedEntry & { readonly shard: string }>;
  readonly shards: ReadonlyMap<string, Safetensors>;
  /** What openers would say of index and shards; null where they open it. */
  readonly fault: string | null;
  readonly strays: readonly string[];
  readonly twice: readonly string[];
  readonly hasIndex: boolean;
  read(name: string): Promise<SafetensorsTensor>;
  readRange(name: string, from: number, to: number): Promise<Uint8Array<ArrayBuffer>>;
  close(): Promise<void>;
}

/** Opens what can be opened. Throws an `OctavoError` (exit code 2) where there is no model, or a shard is no safetensors file. */
export async function openPatient(folder: string): Promise<Patient> {
  const json = await readModelConfig(folder);
  const files = await listNames(folder);
  let fault: string | null = null;
  let names = files.filter((name) => name.endsWith('.safetensors'));
  let strays: readonly string[] = [];
  try {
    const opened = await openSafetensorsFolder(folder);
    await opened.close();
    strays = opened.strays;
    names = [...opened.shards];
  } catch (error) {
    if (!OctavoError.is(error) || names.length === 0) throw error;
    fault = error.message.replace(/^\[store\] /, '');
  }
  const shards = new Map<string, Safetensors>();
  const tensors = new Map<string, ListedEntry & { readonly shard: string }>();
  const twice: string[] = [];
  const close = async (): Promise<void> => {
    for (const file of shards.values()) await file.close();
  };
  try {
    for (const shard of names) {
      const file = await openSafetensors(within(folder, shard));
      shards.set(shard, file);
      for (const tensor of file.tensors)
        if (tensors.has(tensor.name)) twice.push(tensor.name);
        else tensors.set(tensor.name, { ...tensor, shard });
    }
  } catch (error) {
    await close();
    throw error;
  }
  const fileOf = (name: string): Safetensors => shards.get(tensors.get(name)!.shard)!;
  return {
    ...{ folder, json, tensors, shards, fault, strays, twice, hasIndex: files.includes(INDEX_FILE), close },
    read: (name) => fileOf(name).read(name),
    readRange: (name, from, to) => fileOf(name).readRange(name, from, to),
  };
}

/** `quantization_config`, empty where there is none. */
export const quantizationOf = ({ json }: Pick<Patient, 'json'>): Json =>
  Object(json.quantization_config ?? json.compression_config) as Json;

/** How programs call the scale of a weight; loaders know the first two. */
const SCALE =
  /^(.*?)\.(weight_scale|weight_scale_inv|weight_scales|weight\.scale|scales?|scale_inv|scale_weight|qscale_weight)$/;

/** A scale of weights, and the matrix that it belongs to. */
export interface ScalePair {
  readonly name: string;
  readonly suffix: string;
  readonly module: string;
  readonly scale: ListedEntry;
  readonly weight: ListedEntry | undefined;
}

export const scalesIn = ({ tensors }: Pick<Patient, 'tensors'>): ScalePair[] =>
  [...tensors.values()].flatMap((scale) => {
    const [, module, suffix] = SCALE.exec(scale.name) ?? [];
    if (module === undefined || suffix === undefined) return [];
    return [{ name: scale.name, suffix, module, scale, weight: tensors.get(`${module}.weight`) }];
  });

/** How programs call the scale of what flows into a matrix; loaders know the first, and in the dialect `fp8` the second. */
const INPUT_SCALE = /^(.*)\.(input_scale|activation_scale|input_scales|act_scale|scale_input|qscale_act)$/;

/** A scale of activations, and the module that it belongs to. */
export const inputScalesIn = ({ tensors }: Pick<Patient, 'tensors'>) =>
  [...tensors.values()].flatMap((scale) => {
    const [, module, suffix] = INPUT_SCALE.exec(scale.name) ?? [];
    return module === undefined || suffix === undefined ? [] : [{ name: scale.name, module, suffix, scale }];
  });

export const isFloat8 = (tensor: ListedEntry | undefined): boolean =>
  tensor?.dtype.startsWith('F8_E') === true;

/** What one kind of fault looks like. */
export type Rule = (patient: Patient) => readonly Finding[] | Promise<readonly Finding[]>;
