/** @file Devices by name. */
import { OctavoError } from '@octavo/formats';
import { gaudi2 } from './gaudi2.ts';
import type { Hardware } from './hardware.ts';
import { mi300x } from './mi300x.ts';
import { b200, h100, h200 } from './nvidia.ts';

export const hardware: Readonly<Record<string, Hardware>> = Object.freeze({
  gaudi2,
  h100,
  h200,
  b200,
  mi300x,
});

/** The device of that name; an `OctavoError` (exit code 2) lists the names that exist. */
export function hardwareOf(name: string): Hardware {
  if (Object.hasOwn(hardware, name)) return hardware[name]!;
  throw new OctavoError(
    `[plan] unknown hardware: got "${name}", expected one of ${Object.keys(hardware).join(', ')}, host, or a JSON file`,
    { exitCode: 2 },
  );
}
