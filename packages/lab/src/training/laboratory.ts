/** @file What all parts of a study share. */
import type { Device } from '@octavo/kernels';
import type { StudyOptions } from '../engine/study.ts';
import { type RareByte, rareByte } from './corpus.ts';
import type { AgeingSettings, BaseSettings } from './plan.ts';

export interface Laboratory<Settings> {
  readonly settings: Settings;
  readonly device: Device;
  /** The text that is trained on. */
  readonly bytes: Uint8Array;
  readonly signal?: AbortSignal | undefined;
}

/** That of a study on a base model, which may be aged: its batches hold the rare byte where the study wants it. */
export interface BaseLaboratory<Settings extends BaseSettings = BaseSettings> extends Laboratory<Settings> {
  readonly rare: RareByte;
}

export type AgedLaboratory = BaseLaboratory<AgeingSettings>;

export const baseLaboratory = <Settings extends BaseSettings>(
  { settings, device, signal }: StudyOptions<Settings>,
  bytes: Uint8Array,
): BaseLaboratory<Settings> => ({ settings, device, bytes, rare: rareByte(bytes), signal });
