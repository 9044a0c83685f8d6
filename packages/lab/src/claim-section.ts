/** @file The claims of a study as the last section of its summary. */
import type { Claim } from './study.ts';

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
