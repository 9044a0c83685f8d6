/** @file What flows through a model that is converted: on calibration text, and what that is for. */
import type { Tokenizer } from '@octavo/data';
import {
  type ChannelMaxima,
  calibrate,
  calibrationBytes,
  calibrationWindows,
  type ModelSource,
  type Scheme,
} from '@octavo/exchange';
import { OctavoError } from '@octavo/formats';
import { recipeOf } from '@octavo/nn';
import { chooseDevice, gigabytes, roomHere } from '@octavo/trainer';
import { catchInterrupts } from '../interrupt.ts';
import type { computing, Values } from '../options.ts';

export interface CalibrationRequest extends Values<typeof computing> {
  readonly calibrate: readonly string[] | null;
  readonly calibrationTokens: number;
  readonly textField: string;
  readonly activations: 'static' | 'dynamic' | null;
  readonly library: string;
}

/** Longest window of calibration text. */
const SEQUENCE = 512;

/** Whether a quantised model is to have an `input_scale` for each matrix. Throws (exit code 2) where it cannot. */
export function hasStaticActivations(
  { name, staticActivations }: Scheme,
  { activations, calibrate: text }: Pick<CalibrationRequest, 'activations' | 'calibrate'>,
): boolean {
  if (activations !== 'static') return activations === null && text !== null && staticActivations !== null;
  const lacks =
    staticActivations === null
      ? `got static for ${name}, whose blocks are scaled as they come, expected fp8 or fp8-channel`
      : text === null
        ? 'got static, and no text to take the scales on, expected --calibrate PATH'
        : null;
  if (lacks === null) return true;
  throw new OctavoError(`[convert] --activations: ${lacks}`, { exitCode: 2 });
}

/** The maxima on `--calibrate`'s text; null where there is none. */
export async function maximaOf(
  source: ModelSource,
  tokenizer: Tokenizer | null,
  request: CalibrationRequest,
  warn: (message: string) => unknown,
): Promise<ChannelMaxima | null> {
  if (request.calibrate === null || tokenizer === null) return null;
  const { config } = source;
  const interrupt = catchInterrupts();
  const { signal } = interrupt;
  try {
    const windows = await calibrationWindows(request.calibrate, tokenizer, {
      ...{ tokens: request.calibrationTokens, sequence: Math.min(config.contextLength, SEQUENCE) },
      ...{ field: request.textField, warn, signal },
    });
    const tokens = windows.reduce((sum, { length }) => sum + length, 0);
    const need = calibrationBytes(config, windows);
    const said = `calibrating on ${tokens} tokens in ${windows.length} windows, a block at a time in float32, needs about ${gigabytes(need)}`;
    const { memory } = roomHere();
    if (need > memory)
      throw new OctavoError(
        `[convert] too little memory: ${said}, and this machine has ${gigabytes(memory)}; choose fewer --calibration-tokens`,
        { exitCode: 2 },
      );
    warn(said);
    const work = {
      kind: 'evaluate',
      model: config,
      recipe: recipeOf('fp32'),
      batch: 1,
      sequence: SEQUENCE,
    } as const;
    const { device: name, threads, library } = request;
    const { device, choice } = await chooseDevice(name, { threads, library, work });
    if (choice.said) warn(choice.said);
    try {
      return await calibrate(source, device, windows, signal);
    } finally {
      await device.destroy();
    }
  } finally {
    interrupt.release();
  }
}
