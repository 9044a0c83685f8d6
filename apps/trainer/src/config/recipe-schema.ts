/** @file A precision recipe in a configuration: a name, or another recipe with parts replaced. */
import { formats } from '@octavo/formats';
import { recipes } from '@octavo/nn';
import { z } from 'zod';
import { fields, integer, oneOf, positive, text, yesNo } from './fields.ts';

type Names = [string, ...string[]];

const recipeNames = Object.keys(recipes) as Names;
const formatNames = Object.keys(formats) as Names;

const policy = z.discriminatedUnion(
  'kind',
  [
    fields({
      kind: z.literal('delayed'),
      history: integer(1).optional(),
      interval: integer(1).optional(),
      margin: z.number({ error: 'a number of bits' }).optional(),
      algorithm: oneOf(['max', 'most-recent']).optional(),
      powerOfTwo: yesNo().optional(),
      first: oneOf(['own', 'one']).optional(),
    }),
    fields({
      kind: z.literal('current'),
      margin: z.number({ error: 'a number of bits' }).optional(),
      powerOfTwo: yesNo().optional(),
    }),
    fields({ kind: z.literal('fixed'), scale: positive() }),
  ],
  { error: 'a policy of kind delayed, current or fixed' },
);

const granularity = z.discriminatedUnion(
  'kind',
  [
    fields({ kind: z.literal('tensor') }),
    fields({ kind: z.literal('row') }),
    fields({ kind: z.literal('channel') }),
    fields({ kind: z.literal('block'), rows: integer(1), columns: integer(1) }),
    fields({ kind: z.literal('mx'), axis: oneOf(['row', 'column']) }),
  ],
  { error: 'a granularity of kind tensor, row, channel, block or mx' },
);

const cast = {
  format: oneOf(formatNames),
  policy,
  granularity,
  rounding: oneOf(['nearest-even', 'toward-zero', 'stochastic']),
  overflow: oneOf(['saturate', 'special']),
};

const optimizer = {
  master: oneOf(formatNames),
  moment1: oneOf(formatNames),
  moment2: oneOf(formatNames),
  rounding: cast.rounding,
  powerOfTwo: yesNo(),
};

type Optional<Shape extends z.core.$ZodShape> = { [K in keyof Shape]: z.ZodOptional<Shape[K]> };

const optional = <Shape extends z.core.$ZodShape>(shape: Shape) =>
  fields(
    Object.fromEntries(
      Object.entries(shape).map(([key, schema]) => [key, z.optional(schema)]),
    ) as Optional<Shape>,
  );

const operand = optional(cast).nullable();

const linear = optional({
  output: optional({ input: operand, weight: operand }),
  gradInput: optional({ grad: operand, weight: operand }),
  gradWeight: optional({ grad: operand, input: operand }),
});

const extension = fields({
  extends: oneOf(recipeNames),
  name: text('a name').optional(),
  summary: text('a sentence').optional(),
  activations: oneOf(['bf16', 'fp32']).optional(),
  linear: linear.optional(),
  overrides: optional({ qkv: linear, attentionOut: linear, gateUp: linear, down: linear }).optional(),
  smoothSwiglu: oneOf(['none', 'channel', 'token']).optional(),
  optimizer: optional(optimizer).optional(),
});

export const recipeSchema = z.union([oneOf(recipeNames), extension], {
  error: `one of ${recipeNames.join(', ')}, or an object that extends one`,
});
