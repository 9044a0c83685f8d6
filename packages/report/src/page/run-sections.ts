/** @file What a report says of runs. */
import { findingsOf } from '../charts/findings.ts';
import type { Figure } from '../draw/svg.ts';
import type { RunInput } from '../read/read-run.ts';
import { html } from './html.ts';
import type { Section } from './page.ts';
import { findings } from './parts.ts';
import { insideFigures, trainingFigures } from './run-figures.ts';
import { runsTable } from './runs-table.ts';
import { settingsTable } from './settings-table.ts';

export interface Sections {
  readonly sections: readonly Section[];
  readonly figures: readonly Figure[];
}

export async function runSections(inputs: readonly RunInput[]): Promise<Sections> {
  if (inputs.length === 0) return { sections: [], figures: [] };
  const several = inputs.length > 1;
  const training = await trainingFigures(inputs);
  const sections: Section[] = [
    {
      id: 'findings',
      title: 'What stands out',
      content: html`${inputs.map(
        ({ run, notes }) =>
          html`${several ? html`<h3>${run.name}</h3>` : null}${findings([
            ...findingsOf(run),
            ...notes.map((text) => ({ kind: 'look' as const, text: `Left out: ${text}` })),
          ])}`,
      )}`,
    },
    { id: 'training', title: 'Training', content: html`${runsTable(inputs)}${training.content}` },
  ];
  const figures = [...training.figures];
  for (const [i, input] of inputs.entries()) {
    const inside = await insideFigures(input, several ? `${i + 1}-` : '');
    figures.push(...inside.figures);
    const { run, record } = input;
    const nothing =
      run.tensors.length === 0
        ? html`<p>No tensor has been sampled${record.plan.sampleEvery === 0 ? ': the run was told not to' : ' yet'}.</p>`
        : null;
    sections.push({
      id: `inside-${i + 1}`,
      title: several ? `Inside ${run.name}` : 'Inside the model',
      content: html`${nothing}${inside.content}`,
    });
  }
  sections.push({ id: 'settings', title: 'Settings', content: settingsTable(inputs) });
  return { sections, figures };
}
