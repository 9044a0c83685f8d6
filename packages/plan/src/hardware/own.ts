/** @file A device of one's own: the same figures as JSON, each with where it is from. */
import { OctavoError } from '@octavo/formats';
import { z } from 'zod';
import type { Hardware } from './hardware.ts';

const figure = z.strictObject({ value: z.number().positive(), source: z.string().min(1) });
const device = z.strictObject({
  name: z.string().min(1),
  title: z.string().min(1),
  matrix: z
    .strictObject({ '8': figure.exactOptional(), '16': figure.exactOptional(), '32': figure.exactOptional() })
    .refine((widths) => Object.keys(widths).length > 0, { error: 'one width at least' }),
  vector: figure,
  memory: figure,
  bandwidth: figure,
  node: z.strictObject({ devices: z.int().min(1), bandwidth: figure }),
  network: figure,
  attention: z.strictObject({ value: z.enum(['causal', 'whole']), source: z.string().min(1) }),
});

/** Of the text of a file; an `OctavoError` (exit code 2) names the first figure at fault. */
export function hardwareFrom(text: string, file: string): Hardware {
  const fail = (what: string, cause?: unknown): never => {
    throw new OctavoError(`[plan] hardware ${file}: ${what}`, { exitCode: 2, cause });
  };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    return fail(`${(cause as Error).message}, expected JSON with a device's peaks`, cause);
  }
  const result = device.safeParse(value);
  if (result.success) return result.data;
  const { path, message } = result.error.issues[0]!;
  return fail(`${path.join('.') || 'the file'}: ${message}`);
}
