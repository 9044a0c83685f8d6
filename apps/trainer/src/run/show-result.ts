/** @file What a run has come to, in the end: beside the byte model, and in words of its own. */
import { byteTokenizer, type Tokenizer, type TrainingText } from '@octavo/data';
import { byteBaseline, perplexity } from '@octavo/evals';
import type { Llama } from '@octavo/llama';
import { evaluated } from '@octavo/store';
import {
  continueText,
  evaluationRow,
  type NonFinite,
  openingOf,
  type RunFiles,
  type Training,
} from '@octavo/trainer';
import type { Message, Output } from '../output/messages.ts';

/** The byte model to beat, where tokens are bytes and it is not on record; and a sample of a model that is finite. */
export async function showResult(
  { step, model, plan }: Training,
  files: RunFiles,
  fault: NonFinite | null,
  { text: { train, heldOut, tokenizer }, output }: { readonly text: TrainingText; readonly output: Output },
): Promise<void> {
  const name = evaluated.baseline;
  if (heldOut && tokenizer.hash === byteTokenizer().hash && files.evaluatedAt(name) < step) {
    const loss = byteBaseline(await train.read(0, train.length), heldOut.batches, plan.sequence);
    files.recordEvaluation(evaluationRow(step, loss, 1, name));
    output.say({ event: 'baseline', name, loss, perplexity: perplexity(loss) });
  }
  if (fault) output.say({ event: 'warning', message: `no sample: the model is not finite, ${fault.where}` });
  else if (heldOut) output.say(await sampleOf(model, tokenizer, openingOf(heldOut, tokenizer), plan.seed));
}

/** Tokens of the sample in the end. */
const SAMPLE = 240;

/** A short text from the model that has just been trained. */
async function sampleOf(model: Llama, tokenizer: Tokenizer, prompt: string, seed: number): Promise<Message> {
  let text = '';
  const options = { temperature: 0.8, seed, count: SAMPLE };
  for await (const piece of continueText(model, tokenizer, prompt, options)) text += piece.text;
  return { event: 'sample', prompt, text };
}
