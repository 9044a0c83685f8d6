/** @file A model's shape in a configuration: by name, in place, or in a JSON file of its own. */
import { modelShape, text } from '@octavo/trainer/record';
import { z } from 'zod';

export const modelSchema = z.union([text('a model’s name or file'), modelShape], {
  error: 'a model’s name, a JSON file, or an object with its shape',
});
