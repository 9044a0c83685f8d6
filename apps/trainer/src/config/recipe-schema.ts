/** @file A precision recipe in a configuration: a name, or another recipe with parts replaced. */
import { formats } from '@octavo/formats';
import { recipes, SMOOTHINGS } from '@octavo/nn';
import { z } from 'zod';
import { fields, integer, name, number, oneOf, positive, sentence, yesNo } from './fields.ts';

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
      margin: number(-64, 64).optional(),
      algorithm: oneOf(['max', 'most-recent']).optional(),
      powerOfTwo: yesNo().optional(),
      first: oneOf(['current', 'one']).optional(),
    }),
    fields({
      kind: z.literal('current'),
      margin: number(-64, 64).optional(),
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

const rounding = oneOf(['nearest-even', 'toward-zero', 'stochastic']);

/** A part of a recipe: it has to be there, or may be left out. */
type Part<All extends boolean, Schema extends z.ZodType> = All extends true ? Schema : z.ZodOptional<Schema>;

/** The parts of a recipe, all of them needed (a recipe that stands alone) or none (one that extends another). */
function parts<const All extends boolean>(all: All) {
  const need = <Schema extends z.ZodType>(schema: Schema) =>
    (all ? schema : schema.optional()) as Part<All, Schema>;
  const cast = fields({
    format: need(oneOf(formatNames)),
    policy: need(policy),
    granularity: need(granularity),
    rounding: need(rounding),
    overflow: need(oneOf(['saturate', 'special'])),
  });
  const operand = need(cast.nullable());
  const linear = fields({
    output: need(fields({ input: operand, weight: operand })),
    gradInput: need(fields({ grad: operand, weight: operand })),
    gradWeight: need(fields({ grad: operand, input: operand })),
  });
  const optimizer = fields({
    master: need(oneOf(formatNames)),
    moment1: need(oneOf(formatNames)),
    moment2: need(oneOf(formatNames)),
    // runs of before had no choice of these two: `validateRecipe` fills them in
    masterRounding: rounding.optional(),
    rounding: need(rounding),
    powerOfTwo: need(yesNo()),
    moment2Rule: oneOf(['plain', 'bounded']).optional(),
  });
  const override = linear.nullable().optional();
  const smoothing = oneOf(SMOOTHINGS);
  return {
    name: need(name()),
    summary: need(sentence()),
    activations: need(oneOf(['bf16', 'fp32'])),
    linear: need(linear),
    overrides: need(fields({ qkv: override, attentionOut: override, gateUp: override, down: override })),
    smoothSwiglu: need(smoothing),
    smoothLayers: z
      .record(
        z.string().regex(/^(0|[1-9]\d{0,5})$/, { error: 'the number of a layer, from 0, as its key' }),
        smoothing,
        {
          error: 'an object: layers by their numbers from 0',
        },
      )
      .optional(),
    optimizer: need(optimizer),
  };
}

/** A recipe with every part, as a run keeps it. */
export const recipeShape = fields(parts(true));

export const recipeSchema = z.union(
  [oneOf(recipeNames), fields({ extends: oneOf(recipeNames), ...parts(false) })],
  {
    error: `one of ${recipeNames.join(', ')}, or an object that extends one`,
  },
);
