/** @file The first walk through a text: how much there is, where to cut, and the hash of it. */
import { OctavoError } from '@octavo/formats';
import { type Documents, type Survey, surveyDocuments } from './documents.ts';
import type { Surroundings } from './prepare-progress.ts';
import { cutPoint, splitDocuments } from './split-documents.ts';
import { badInput } from './text-file.ts';

/** One corpus, of which the end is held out; or the two parts, chosen by whoever calls. */
export type PrepareInput = Documents | { readonly train: Documents; readonly heldOut: Documents };

export interface SurveyOptions extends Surroundings {
  /** Share of the text that is held out, where the input is one corpus; 0 for none. Default 0.05. */
  readonly heldOutFraction?: number | undefined;
}

/** The parts of an input, and what a first walk through them found. */
export interface SurveyedInput {
  readonly train: Documents;
  readonly heldOut: Documents | null;
  readonly bytes: number;
  readonly contentHash: string;
  /** Whether some document is learned in part. */
  readonly masked: boolean;
  /** Null where the caller has chosen what is held out. */
  readonly fraction: number | null;
}

/** Throws an `OctavoError` (exit code 2) where there is no text. */
export async function surveyInput(
  input: PrepareInput,
  { heldOutFraction: fraction = 0.05, onProgress, signal }: SurveyOptions,
): Promise<SurveyedInput> {
  if (!(fraction >= 0 && fraction < 1))
    throw new OctavoError(`[data] held-out fraction: got ${fraction}, expected 0 up to 1, without 1`, {
      exitCode: 2,
    });
  let before = 0;
  const surveyed = async (documents: Documents): Promise<Survey> => {
    const survey = await surveyDocuments(documents, signal, (bytes) =>
      onProgress?.({ phase: 'read', bytes: before + bytes }),
    );
    if (survey.bytes === 0)
      throw badInput('corpus is empty: got no text, expected at least one document with some');
    before += survey.bytes;
    return survey;
  };
  if ('train' in input) {
    const [train, heldOut] = [await surveyed(input.train), await surveyed(input.heldOut)];
    const contentHash = `${train.hash}+${heldOut.hash}`;
    const masked = train.masked || heldOut.masked;
    return { ...input, bytes: train.bytes + heldOut.bytes, contentHash, masked, fraction: null };
  }
  const survey = await surveyed(input);
  const parts =
    fraction === 0 ? { train: input, heldOut: null } : splitDocuments(input, cutPoint(survey, fraction));
  return { ...parts, bytes: survey.bytes, contentHash: survey.hash, masked: survey.masked, fraction };
}
