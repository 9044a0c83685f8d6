/** @file What to try after the default run. */
import { recipes } from '@octavo/nn';
import type { Message } from '../output/messages.ts';

export function nextSteps(folder: string, recipe: string): Message[] {
  const say = (command: string, why: string): Message => ({
    event: 'next',
    command: `npx octavo ${command}`,
    why,
  });
  return [
    say(`generate ${folder} --prompt "The state of the Union is"`, 'more text from this model'),
    ...(recipe === 'bf16'
      ? []
      : [say('train --recipe bf16', 'the 16-bit baseline: what does eight bits cost?')]),
    say(
      'train --recipe fp8-authors',
      `the reference code’s recipe, stochastic gradients and all; there are ${Object.keys(recipes).length} in all`,
    ),
    say(`report ${folder}`, 'this run as one page of pictures: which tensor came near its format’s limits?'),
    say(
      'study instability --quick',
      'see FP8 break on planted outliers, and what mends it, in a minute or two',
    ),
    say('train --data FOLDER', 'text of your own'),
    say('train --help', 'all options, and configuration files'),
  ];
}
