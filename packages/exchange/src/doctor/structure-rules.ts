/** @file What can be seen without reading a value: shards, index, configuration, which tensors there are. */

import { OctavoError } from '@octavo/formats';
import { configFromHuggingFace } from '@octavo/llama';
import { INDEX_FILE } from '@octavo/store';
import { expectationOf } from './expectation.ts';
import { finding } from './finding.ts';
import { isFloat8, type Patient, quantizationOf, type Rule, scalesIn } from './folder.ts';

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

/** FP8 weights of which the configuration does not say how to read them, or says what their scales are not. */
export const scheme: Rule = (patient) => {
  const { wrong } = expectationOf(patient);
  return wrong === null ? [] : [wrong];
};

const LEFT_OUT = {
  'compressed-tensors': ['ignore'],
  fp8: ['ignored_layers', 'modules_to_not_convert'],
} as const;

/** Matrices that the configuration leaves out and that are FP8, or the other way round. */
export const leftOut: Rule = (patient) => {
  const { dialect, wrong } = expectationOf(patient);
  const config = quantizationOf(patient);
  if (dialect === null || wrong !== null) return [];
  const fields = LEFT_OUT[dialect].filter((field) => Array.isArray(config[field]));
  const listed = new Set(fields.flatMap((field) => config[field] as unknown[]));
  const patterns = [...listed].filter(
    (one) => typeof one !== 'string' || /^re:|^\w+$/.test(one.replace('lm_head', '.')),
  );
  if (patterns.length > 0) return []; // by class, or by a pattern: loaders differ in what that means
  const coded = new Set(scalesIn(patient).map(({ module }) => module));
  const isOut = (module: string): boolean => listed.has(module);
  const matrices = [...patient.tensors.values()]
    .filter(
      ({ name }) =>
        /_proj\.weight$/.test(name) || (name === 'lm_head.weight' && dialect !== 'fp8' && !isTied(patient)),
    )
    .map((tensor) => ({ tensor, module: tensor.name.replace(/\.weight$/, '') }));
  const wrongly = matrices.filter(
    ({ tensor, module }) => isFloat8(tensor) === isOut(module) && !(coded.has(module) && !isFloat8(tensor)),
  );
  if (wrongly.length === 0) return [];
  const now = [
    ...[...listed].filter((one) => !wrongly.some(({ module }) => module === one)),
    ...wrongly.filter(({ tensor }) => !isFloat8(tensor)).map(({ module }) => module),
  ];
  const field = fields[0] ?? LEFT_OUT[dialect][0];
  const set = Object.fromEntries((fields.length > 0 ? fields : [field]).map((one) => [one, now]));
  const [{ module, tensor }] = wrongly as [(typeof wrongly)[number]];
  return [
    finding(
      'left-out',
      field,
      isFloat8(tensor)
        ? `it has ${module}, whose weight is ${tensor.dtype}`
        : `it lacks ${module}, whose weight is ${tensor.dtype}, not quantised${wrongly.length > 1 ? `, and ${wrongly.length - 1} more` : ''}`,
      'list those that are not quantised',
      { of: 'config', set: { quantization_config: { ...config, ...set } } },
    ),
  ];
};

const isTied = ({ json }: Patient): boolean => json.tie_word_embeddings === true;

/** A head that is the embedding cannot be FP8 where the embedding is not. */
export const tied: Rule = (patient) => {
  if (!isTied(patient)) return [];
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
