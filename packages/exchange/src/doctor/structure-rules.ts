/** @file What can be seen without reading a value: shards, index, configuration, which tensors there are. */

import { OctavoError } from '@octavo/formats';
import { configFromHuggingFace } from '@octavo/llama';
import { INDEX_FILE, type ListedEntry } from '@octavo/store';
import { blockOfScales } from '../quantize/matrix.ts';
import { isQuantized } from '../quantize/read.ts';
import { quantizationConfig, type SchemeName, schemes } from '../quantize/schemes.ts';
import { finding } from './finding.ts';
import { isFloat8, quantizationOf, type Rule, scalesIn } from './folder.ts';

/** The index and the shards do not agree, or files lie there that it does not know. */
export const index: Rule = ({ fault, strays, twice, hasIndex }) => [
  ...(fault === null
    ? []
    : [
        finding(
          'index',
          INDEX_FILE,
          fault,
          twice.length > 0
            ? `keep one of the shards that hold ${twice[0]}`
            : 'write the index anew from the shards',
          hasIndex && twice.length === 0 ? { of: 'index' } : null,
        ),
      ]),
  ...strays.map((name) =>
    finding(
      'stray-shard',
      name,
      'the index does not know it: no loader reads it',
      'remove it, or write the index anew if it belongs to the model',
    ),
  ),
];

/** Fields that a Llama's loader passes over in silence, parameters of the activation among them. */
export const configuration: Rule = ({ json }) => {
  const { quantization_config: _, compression_config: __, ...plain } = json;
  try {
    configFromHuggingFace(plain);
    return [];
  } catch (error) {
    if (!OctavoError.is(error)) throw error;
    const what = error.message.replace(
      /^\[llama\] (config.json is not of a Llama that can be computed here: )?/,
      '',
    );
    return [
      finding(
        'configuration',
        'config.json',
        what,
        'use a loader that knows these fields: one that drops them computes another function',
      ),
    ];
  }
};

/** FP8 weights of which the configuration does not say how to read them. */
export const scheme: Rule = (patient) => {
  const config = quantizationOf(patient);
  const coded = [...patient.tensors.values()].some(isFloat8);
  if (!coded) return [];
  const groups = Object(config.config_groups) as object;
  const lacks = config.quant_method === 'compressed-tensors' && Object.keys(groups).length === 0;
  if (!lacks && isQuantized({ quantization_config: config })) return [];
  const [seen, ...others] = new Set(scalesIn(patient).map((pair) => schemeOf(pair.scale, pair.weight)));
  const left = [...patient.tensors.values()]
    .filter((tensor) => tensor.name.endsWith('.weight') && tensor.shape.length === 2 && !isFloat8(tensor))
    .map(({ name }) => name.replace(/\.weight$/, ''))
    .filter((name) => !name.endsWith('embed_tokens'));
  const dialect = seen === 'fp8-block' ? 'fp8' : 'compressed-tensors';
  const fix =
    seen && others.length === 0 && (lacks || config.quant_method === undefined)
      ? ({
          of: 'config',
          set: {
            quantization_config: quantizationConfig(
              schemes[seen],
              lacks ? 'compressed-tensors' : dialect,
              left,
            ),
          },
        } as const)
      : null;
  return [
    finding(
      'no-scheme',
      'quantization_config',
      lacks
        ? 'compressed-tensors without config_groups (KeyError: group_0)'
        : `got quant_method ${JSON.stringify(config.quant_method) ?? 'nothing'}, though weights are FP8`,
      seen ? `say what the scales' shapes say: ${seen}` : 'say how the weights are quantised',
      fix,
    ),
  ];
};

/** The scheme that a scale's shape means. */
function schemeOf(scale: ListedEntry, weight: ListedEntry | undefined): SchemeName | undefined {
  const [rows = 0, columns = 0] = weight?.shape ?? [];
  const block = blockOfScales({ shape: scale.shape, dtype: scale.dtype }, rows, columns);
  if (block === null || weight === undefined) return undefined;
  if (block.columns === 32) return 'mxfp8';
  if (block.rows === 1) return 'fp8-channel';
  return block.rows >= rows && block.columns >= columns && scale.shape.length < 2 ? 'fp8' : 'fp8-block';
}

/** A head that is the embedding cannot be FP8 where the embedding is not. */
export const tied: Rule = (patient) => {
  if (patient.json.tie_word_embeddings !== true) return [];
  return ['lm_head', 'model.embed_tokens']
    .filter((module) => isFloat8(patient.tensors.get(`${module}.weight`)))
    .map((module) =>
      finding(
        'tied-head',
        `${module}.weight`,
        'it is quantised, and head and embedding are tied: loaders look its rows up without a scale',
        'quantise again with lm_head among those left out',
      ),
    );
};
