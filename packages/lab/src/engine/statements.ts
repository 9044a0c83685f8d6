/** @file Claims: made of measured values and a test, and written as the last section of a summary. */
import type { Claim } from './study.ts';

/** It holds where there is a value and all of them pass. `paper`: what the paper says of it. */
export const claim = (
  text: string,
  values: readonly number[],
  test: (value: number) => boolean,
  paper?: string,
): Claim => ({
  text,
  ...(paper === undefined ? {} : { paper }),
  values,
  holds: values.length > 0 && values.every(test),
});

/** Lines of Markdown, from the empty line above the heading on. `figure` writes a measured value. */
export function claimSection(claims: readonly Claim[], figure: (value: number) => string): string[] {
  return [
    '',
    '## Claims',
    '',
    ...claims.map(({ text, values, holds, paper }) => {
      const said = paper ? `; the paper: ${paper}` : '';
      return `- ${holds ? 'holds' : 'does not hold'}: ${text} (${values.map(figure).join(', ')})${said}`;
    }),
  ];
}
