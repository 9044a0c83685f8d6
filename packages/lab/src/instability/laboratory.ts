/** @file What all parts of the study share. */
import type { Device } from '@octavo/kernels';
import type { RareByte } from '../training/corpus.ts';
import type { InstabilitySettings } from './settings.ts';

export interface Laboratory {
  readonly settings: InstabilitySettings;
  readonly device: Device;
  readonly bytes: Uint8Array;
  readonly rare: RareByte;
  readonly signal?: AbortSignal | undefined;
}
