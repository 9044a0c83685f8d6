/** @file A model's shape in a configuration: by name, in place, or in a JSON file of its own. */
import { z } from 'zod';
import { fields, integer, positive, text, yesNo } from './fields.ts';

export const modelShape = fields({
  vocabularySize: integer(1),
  hiddenSize: integer(1),
  layers: integer(1),
  heads: integer(1),
  keyValueHeads: integer(1),
  ffnSize: integer(1),
  contextLength: integer(1),
  ropeTheta: positive().default(10_000),
  normEpsilon: positive().default(1e-5),
  tiedHead: yesNo().default(false),
});

export const modelSchema = z.union([text('a model’s name or file'), modelShape], {
  error: 'a model’s name, a JSON file, or an object with its shape',
});
