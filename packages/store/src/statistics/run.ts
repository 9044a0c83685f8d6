/** @file The four statistics files of a run: every column with its unit and its meaning, declared here and nowhere else. */
import { optional, required, type StatisticsRow, type StatisticsSchema } from './layout.ts';

const step = required('int32', 'Number of the training step; the first is 1.', 'steps');

/** Which tensor a row is about. */
const place = {
  layer: optional('int32', 'Transformer layer, the first is 0; absent outside the layers.', 'index'),
  site: required(
    'utf8',
    'Linear layer: qkv, attentionOut, gateUp (gate and up, w1 and w2) or down (w3); for master rows also embedding and head.',
  ),
};

/** `steps.arrow`: one row a step. */
export const stepStatistics = {
  step,
  tokens: optional(
    'int64',
    'Training tokens seen from the beginning of the run to the end of this step.',
    'tokens',
  ),
  loss: optional(
    'float64',
    'Mean cross-entropy of the step’s batch before its update; NaN or infinite where it came out so.',
    'nats per token',
  ),
  learning_rate: optional('float64', 'Learning rate of the update, as the schedule gives it.', '1 (factor)'),
  gradient_norm: optional(
    'float64',
    'L2 norm of the gradient over all parameters, before clipping.',
    'nats per token per unit of weight',
  ),
  update_ratio: optional(
    'float64',
    'L2 norm of the update over L2 norm of the weights, all matrices; absent on steps not sampled.',
    '1 (ratio)',
  ),
  tokens_per_second: optional('float64', 'Training tokens of the step over its time.', 'tokens per second'),
  step_time: optional(
    'float64',
    'Wall time of the step, reading its batch included, checkpoints and evaluations not.',
    'seconds',
  ),
  peak_memory: optional(
    'int64',
    'Most memory that the device has held for tensors since the process began.',
    'bytes',
  ),
};

/** `tensors.arrow`: one row per sampled step and observed tensor; and one per layer for the alignment of gate and up. */
export const tensorStatistics = {
  step,
  ...place,
  operand: required(
    'utf8',
    'Which tensor of the site: input, weight or grad (gradient of the output); gate-up-alignment marks the rows that compare the gate and up weights of a layer, in which only the abs_cosine columns have values; master marks the rows of the optimizer’s master weights, in which only lost_updates has one.',
  ),
  format: optional(
    'utf8',
    'Number format that the tensor is cast to or kept in; absent in gate-up-alignment rows.',
  ),
  amax: optional(
    'float32',
    'Largest finite absolute value before the cast; like all the row, of the step’s first micro-batch.',
    'units of the tensor',
  ),
  scale: optional(
    'float32',
    'What the tensor was multiplied by before the cast: a value is its code’s number divided by this; absent where every block has a scale of its own.',
    '1 (factor)',
  ),
  overflows: optional(
    'float32',
    'Elements beyond the format’s largest number after scaling, which the cast clips.',
    'share of the elements, 0 to 1',
  ),
  underflows: optional(
    'float32',
    'Elements that are not zero and that the cast makes zero.',
    'share of the elements, 0 to 1',
  ),
  non_finite: optional(
    'int64',
    'NaN and infinities before the cast; the other columns are of the finite elements.',
    'elements',
  ),
  rms: optional('float32', 'Root of the mean square before the cast.', 'units of the tensor'),
  kurtosis: optional(
    'float32',
    'E[x⁴] / E[x²]² before the cast, uncentred: 3 for a normal distribution around 0; absent where all is zero.',
    '1 (ratio)',
  ),
  lost_updates: optional(
    'float32',
    'Elements whose update was not zero and left the stored master weight as it would be without; in master rows only.',
    'share of the elements, 0 to 1',
  ),
  abs_cosine_max: optional(
    'float32',
    'Largest |cos(gate row, up row)| of the layer’s hidden channels.',
    'cosine without its sign, 0 to 1',
  ),
  abs_cosine_mean: optional(
    'float32',
    'Mean |cos(gate row, up row)| over the layer’s hidden channels.',
    'cosine without its sign, 0 to 1',
  ),
  abs_cosine_above: optional(
    'int32',
    'Hidden channels of the layer with |cos(gate row, up row)| above 0.9.',
    'channels',
  ),
};

/** `evaluations.arrow`: one row an evaluation on held-out text, and one of the byte model to beat. */
export const evaluationStatistics = {
  step: required('int32', 'Steps trained when it was evaluated; 0 is before the first.', 'steps'),
  of: required('utf8', 'What was evaluated: model, or order-2 bytes, the byte model that it must beat.'),
  loss: required(
    'float64',
    'Mean cross-entropy on held-out text; the tokens of order-2 bytes are bytes.',
    'nats per token',
  ),
  bits_per_byte: required(
    'float64',
    'The same loss over the bytes of the text, which compares across tokenizers.',
    'bits per byte',
  ),
};

/** `guard.arrow`: one row an alarm of the early warning. */
export const guardStatistics = {
  step,
  ...place,
  operand: required('utf8', 'Which tensor of the site: input, weight or grad.'),
  rule: required('utf8', 'Rule that gave the alarm.'),
  value: required('float64', 'What the rule measured.', 'as the rule measures'),
  limit: required('float64', 'The rule’s limit, which the value has passed.', 'as the rule measures'),
  channel: optional(
    'int32',
    'Hidden channel at fault, the first is 0; absent where the rule is not about one.',
    'index',
  ),
  recipe: required('utf8', 'Named recipe that would hold.'),
  switched: required('bool', 'Whether Smooth-SwiGLU was turned on for the layer from this step on.'),
};

/** The statistics files of a run by name. */
export const runStatistics = {
  'steps.arrow': stepStatistics,
  'tensors.arrow': tensorStatistics,
  'evaluations.arrow': evaluationStatistics,
  'guard.arrow': guardStatistics,
} as const satisfies Readonly<Record<string, StatisticsSchema>>;

/** What the rows of `evaluations.arrow` are of: the run's own model, and the byte model that it must beat. */
export const evaluated = { model: 'model', baseline: 'order-2 bytes' } as const;

type Step = typeof stepStatistics;
/** As a run writes it: only the update ratio is ever absent. */
export type StepRow = Required<StatisticsRow<Step>> &
  Readonly<Record<Exclude<keyof Step, 'update_ratio'>, number>>;
export type TensorRow = StatisticsRow<typeof tensorStatistics>;
export type EvaluationRow = StatisticsRow<typeof evaluationStatistics>;
export type GuardRow = StatisticsRow<typeof guardStatistics>;
