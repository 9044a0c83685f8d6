/** @file Messages in words, one or a few lines each; steps are worded by whoever shows progress. */
import { gigabytes } from '@octavo/trainer';
import { digits, duration, plural, printable, short } from './format.ts';
import type { Message, StepMessage } from './messages.ts';
import type { Pace } from './pace.ts';
import { wordComparison, wordResults } from './task-wording.ts';

/** One line within so many columns: where they are few, the gradient norm goes first, then the rate, then the loss. */
export function wordStep(
  { step, steps, learningRate, gradientNorm }: StepMessage,
  { loss, tokensPerSecond, left }: Pace,
  columns = Number.POSITIVE_INFINITY,
): string {
  const fields: { readonly text: string; readonly dropped: number }[] = [
    { text: `step ${step}/${steps}`, dropped: 4 },
    { text: `loss ${loss.toFixed(3)}`, dropped: 3 },
    { text: `lr ${digits(learningRate)}`, dropped: 2 },
    { text: `|g| ${digits(gradientNorm)}`, dropped: 1 },
    { text: `${short(tokensPerSecond)} tok/s`, dropped: 5 },
    { text: `eta ${duration(left)}`, dropped: 5 },
  ];
  const lines = [0, 1, 2, 3, 4].map((most) =>
    fields
      .filter(({ dropped }) => dropped > most)
      .map(({ text }) => text)
      .join('  '),
  );
  return lines.find(({ length }) => length <= columns) ?? lines.at(-1)!;
}

/** Lines for everything but steps. */
export function word(message: Exclude<Message, StepMessage>): string[] {
  switch (message.event) {
    case 'start':
      return [
        `model    ${message.model}, ${plural(message.parameters, 'parameter')}`,
        ...(message.init === null ? [] : [`start    ${message.init}`]),
        `recipe   ${message.recipe}: ${message.recipeSummary}${switched(message.switchedLayers)}`,
        `device   ${message.device}${message.ranks > 1 ? `, on each of ${message.ranks} ranks` : ''}`,
        ...(message.deviceChoice === null ? [] : [`         ${message.deviceChoice}`]),
        `corpus   ${message.corpus}: ${plural(message.trainTokens, 'token')} to train on, ${message.heldOutTokens.toLocaleString('en')} held out`,
        `memory   about ${gigabytes(message.memory.total)} at most: ${Object.entries(message.memory.parts)
          .map(([part, bytes]) => `${part} ${gigabytes(bytes)}`)
          .join(', ')}`,
        `steps    ${message.steps.toLocaleString('en')} of ${plural(message.tokensPerStep, 'token')}${message.resumedFrom > 0 ? `, resumed after step ${message.resumedFrom}` : ''}`,
        `folder   ${message.folder}`,
      ];
    case 'evaluation': {
      const bits = `, ${message.bitsPerByte.toFixed(3)} bits per byte`;
      const when = message.step === 0 ? 'before training' : `after step ${message.step}`;
      return [
        `held-out perplexity ${when}: ${digits(message.perplexity)} (loss ${message.loss.toFixed(4)}${bits})`,
      ];
    }
    case 'results':
      return wordResults(message);
    case 'comparison':
      return wordComparison(message);
    case 'baseline':
      return [
        `an order-2 byte model of the same text:  ${digits(message.perplexity)} (loss ${message.loss.toFixed(4)})`,
      ];
    case 'non-finite':
      return [
        `step ${message.step}: loss ${message.loss}, gradient norm ${message.gradientNorm}; first not finite in ${message.where}; ${message.updated ? 'updated all the same' : 'no update'}`,
      ];
    case 'guard':
      return [`guard: step ${message.step}, ${message.seen}; ${message.advice}`];
    case 'checkpoint':
      return [`saved ${message.path}`];
    case 'warning':
      return [`note: ${message.message}`];
    case 'sample':
      return [
        '',
        'a sample:',
        ...printable(`${message.prompt}${message.text}`)
          .split('\n')
          .map((line) => `  ${line}`),
        '',
      ];
    case 'next':
      return [`  ${message.command}`, `      ${message.why}`];
    case 'end': {
      const done = `${message.reason} after step ${message.step}/${message.steps} in ${duration(message.seconds)}; the run is in ${message.folder}`;
      return [
        message.reason === 'interrupted'
          ? `${done}; go on with: octavo train --resume --out ${message.folder}`
          : done,
      ];
    }
  }
}

const switched = (layers: readonly number[]): string =>
  layers.length > 0 ? `; Smooth-SwiGLU switched on for layer ${layers.join(', ')}` : '';
