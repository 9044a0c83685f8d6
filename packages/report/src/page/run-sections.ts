/** @file What a report says of runs. */
import { findingsOf } from '../charts/findings.ts';
import type { RunInput } from '../read/read-run.ts';
import { html } from './html.ts';
import { findings } from './parts.ts';
import { insideOf, trainingOf } from './run-pictures.ts';
import { runsTable } from './runs-table.ts';
import type { Section } from './section.ts';
import { settingsTable } from './settings-table.ts';

export function runSections(inputs: readonly RunInput[]): Section[] {
  if (inputs.length === 0) return [];
  const several = inputs.length > 1;
  return [
    {
      id: 'findings',
      title: 'What stands out',
      content: inputs.map(({ run, notes }) => {
        const leftOut = notes.map((text) => ({ kind: 'look' as const, text: `Left out: ${text}` }));
        return html`${several ? html`<h3>${run.name}</h3>` : null}${findings([...findingsOf(run), ...leftOut])}`;
      }),
    },
    { id: 'training', title: 'Training', content: [runsTable(inputs), ...trainingOf(inputs)] },
    ...inputs.map((input, i) => ({
      id: `inside-${i + 1}`,
      title: several ? `Inside ${input.run.name}` : 'Inside the model',
      content: insideOf(input, several ? `${i + 1}-` : ''),
    })),
    { id: 'settings', title: 'Settings', content: [settingsTable(inputs)] },
  ];
}
