/** @file The four statistics files of a run: every column with its unit and its meaning, declared here and nowhere else. */
import type { StatisticsRow, StatisticsSchema } from './layout.ts';

const step = {
  type: 'int32',
  nullable: false,
  unit: 'steps',
  meaning: 'Number of the training step; the first is 1.',
} as const;

/** Which tensor a row is about. */
const place = {
  layer: {
    type: 'int32',
    nullable: true,
    unit: 'index',
    meaning: 'Transformer layer, the first is 0; absent outside the layers.',
  },
  site: {
    type: 'utf8',
    nullable: false,
    meaning:
      'Linear layer: qkv, attentionOut, gateUp (gate and up, w1 and w2) or down (w3); for master rows also embedding and head.',
  },
} as const;

/** `steps.arrow`: one row a step. */
export const stepStatistics = {
  step,
  tokens: {
    type: 'int64',
    nullable: true,
    unit: 'tokens',
    meaning: 'Training tokens seen from the beginning of the run to the end of this step.',
  },
  loss: {
    type: 'float64',
    nullable: true,
    unit: 'nats per token',
    meaning:
      'Mean cross-entropy of the step’s batch before its update; NaN or infinite where it came out so.',
  },
  learning_rate: {
    type: 'float64',
    nullable: true,
    unit: '1 (factor)',
    meaning: 'Learning rate of the update, as the schedule gives it.',
  },
  gradient_norm: {
    type: 'float64',
    nullable: true,
    unit: 'nats per token per unit of weight',
    meaning: 'L2 norm of the gradient over all parameters, before clipping.',
  },
  update_ratio: {
    type: 'float64',
    nullable: true,
    unit: '1 (ratio)',
    meaning: 'L2 norm of the update over L2 norm of the weights, all matrices; absent on steps not sampled.',
  },
  tokens_per_second: {
    type: 'float64',
    nullable: true,
    unit: 'tokens per second',
    meaning: 'Training tokens of the step over its time.',
  },
  step_time: {
    type: 'float64',
    nullable: true,
    unit: 'seconds',
    meaning: 'Wall time of the step, reading its batch included, checkpoints and evaluations not.',
  },
  peak_memory: {
    type: 'int64',
    nullable: true,
    unit: 'bytes',
    meaning: 'Most memory that the device has held for tensors since the process began.',
  },
} as const satisfies StatisticsSchema;

/** `tensors.arrow`: one row per sampled step and observed tensor; and one per layer for the alignment of gate and up. */
export const tensorStatistics = {
  step,
  ...place,
  operand: {
    type: 'utf8',
    nullable: false,
    meaning:
      'Which tensor of the site: input, weight or grad (gradient of the output); gate-up-alignment marks the rows that compare the gate and up weights of a layer, in which only the abs_cosine columns have values; master marks the rows of the optimizer’s master weights, in which only lost_updates has one.',
  },
  format: {
    type: 'utf8',
    nullable: true,
    meaning: 'Number format that the tensor is cast to or kept in; absent in gate-up-alignment rows.',
  },
  amax: {
    type: 'float32',
    nullable: true,
    unit: 'units of the tensor',
    meaning:
      'Largest finite absolute value before the cast; like all the row, of the step’s first micro-batch.',
  },
  scale: {
    type: 'float32',
    nullable: true,
    unit: '1 (factor)',
    meaning:
      'What the tensor was multiplied by before the cast: a value is its code’s number divided by this; absent where every block has a scale of its own.',
  },
  overflows: {
    type: 'float32',
    nullable: true,
    unit: 'share of the elements, 0 to 1',
    meaning: 'Elements beyond the format’s largest number after scaling, which the cast clips.',
  },
  underflows: {
    type: 'float32',
    nullable: true,
    unit: 'share of the elements, 0 to 1',
    meaning: 'Elements that are not zero and that the cast makes zero.',
  },
  non_finite: {
    type: 'int64',
    nullable: true,
    unit: 'elements',
    meaning: 'NaN and infinities before the cast; the other columns are of the finite elements.',
  },
  rms: {
    type: 'float32',
    nullable: true,
    unit: 'units of the tensor',
    meaning: 'Root of the mean square before the cast.',
  },
  kurtosis: {
    type: 'float32',
    nullable: true,
    unit: '1 (ratio)',
    meaning:
      'E[x⁴] / E[x²]² before the cast, uncentred: 3 for a normal distribution around 0; absent where all is zero.',
  },
  lost_updates: {
    type: 'float32',
    nullable: true,
    unit: 'share of the elements, 0 to 1',
    meaning:
      'Elements whose update was not zero and left the stored master weight as it would be without; in master rows only.',
  },
  abs_cosine_max: {
    type: 'float32',
    nullable: true,
    unit: 'cosine without its sign, 0 to 1',
    meaning: 'Largest |cos(gate row, up row)| of the layer’s hidden channels.',
  },
  abs_cosine_mean: {
    type: 'float32',
    nullable: true,
    unit: 'cosine without its sign, 0 to 1',
    meaning: 'Mean |cos(gate row, up row)| over the layer’s hidden channels.',
  },
  abs_cosine_above: {
    type: 'int32',
    nullable: true,
    unit: 'channels',
    meaning: 'Hidden channels of the layer with |cos(gate row, up row)| above 0.9.',
  },
} as const satisfies StatisticsSchema;

/** `evaluations.arrow`: one row an evaluation on held-out text, and one of the byte model to beat. */
export const evaluationStatistics = {
  step: { ...step, meaning: 'Steps trained when it was evaluated; 0 is before the first.' },
  of: {
    type: 'utf8',
    nullable: false,
    meaning: 'What was evaluated: model, or order-2 bytes, the byte model that it must beat.',
  },
  loss: {
    type: 'float64',
    nullable: false,
    unit: 'nats per token',
    meaning: 'Mean cross-entropy on held-out text; the tokens of order-2 bytes are bytes.',
  },
  bits_per_byte: {
    type: 'float64',
    nullable: false,
    unit: 'bits per byte',
    meaning: 'The same loss over the bytes of the text, which compares across tokenizers.',
  },
} as const satisfies StatisticsSchema;

/** `guard.arrow`: one row an alarm of the early warning. */
export const guardStatistics = {
  step,
  ...place,
  operand: { type: 'utf8', nullable: false, meaning: 'Which tensor of the site: input, weight or grad.' },
  rule: { type: 'utf8', nullable: false, meaning: 'Rule that gave the alarm.' },
  value: {
    type: 'float64',
    nullable: false,
    unit: 'as the rule measures',
    meaning: 'What the rule measured.',
  },
  limit: {
    type: 'float64',
    nullable: false,
    unit: 'as the rule measures',
    meaning: 'The rule’s limit, which the value has passed.',
  },
  channel: {
    type: 'int32',
    nullable: true,
    unit: 'index',
    meaning: 'Hidden channel at fault, the first is 0; absent where the rule is not about one.',
  },
  recipe: { type: 'utf8', nullable: false, meaning: 'Named recipe that would hold.' },
  switched: {
    type: 'bool',
    nullable: false,
    meaning: 'Whether Smooth-SwiGLU was turned on for the layer from this step on.',
  },
} as const satisfies StatisticsSchema;

/** The statistics files of a run by name. */
export const runStatistics = {
  'steps.arrow': stepStatistics,
  'tensors.arrow': tensorStatistics,
  'evaluations.arrow': evaluationStatistics,
  'guard.arrow': guardStatistics,
} as const satisfies Readonly<Record<string, StatisticsSchema>>;

export type StepRow = StatisticsRow<typeof stepStatistics>;
export type TensorRow = StatisticsRow<typeof tensorStatistics>;
export type EvaluationRow = StatisticsRow<typeof evaluationStatistics>;
export type GuardRow = StatisticsRow<typeof guardStatistics>;
