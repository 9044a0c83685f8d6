/** @file The whole report of the folders that were read, as one page and its pictures. */
import { studies as registry, type StudyName } from '@octavo/lab';
import { plural } from '../output/format.ts';
import { type Html, html } from './html.ts';
import { page } from './page.ts';
import type { RunInput } from './read-run.ts';
import type { StudyInput } from './read-study.ts';
import { runSections, type Sections } from './run-sections.ts';
import { stepsDone } from './runs-table.ts';
import { studySections } from './study-sections.ts';
import type { Figure } from './svg.ts';

export interface Report {
  readonly html: string;
  readonly figures: readonly Figure[];
}

/** `command` made it, `version` is Octavo's. */
export async function assemble(
  inputs: readonly (RunInput | StudyInput)[],
  made: { readonly command: string; readonly version: string; readonly on: Date },
): Promise<Report> {
  const runs = inputs.filter((input) => input.kind === 'run');
  const studies = inputs.filter((input) => input.kind === 'study');
  const all: Sections[] = [await runSections(runs)];
  for (const [i, study] of studies.entries()) {
    const alone = inputs.length === 1;
    all.push(await studySections(study, alone ? '' : `study-${i + 1}-`, alone ? '' : `${study.name}: `));
  }
  const foot = html`<p>Made by <code>${made.command}</code>, octavo ${made.version}, ${made.on.toISOString().slice(0, 16).replace('T', ' ')} UTC. This file loads nothing; all its figures are those of the folders’ Arrow files.</p>`;
  const sections = all.flatMap((part) => part.sections);
  return {
    html: page(titleOf(runs, studies), lead(runs, studies), sections, foot),
    figures: all.flatMap((part) => part.figures),
  };
}

function titleOf(runs: readonly RunInput[], studies: readonly StudyInput[]): string {
  const parts = [
    runs.length === 1 ? `Run ${runs[0]!.run.name}` : runs.length > 1 ? plural(runs.length, 'run') : null,
    ...studies.map(({ study, name }) => (study === name ? `Study ${study}` : `Study ${study} (${name})`)),
  ];
  return parts.filter((part) => part !== null).join(', ');
}

function lead(runs: readonly RunInput[], studies: readonly StudyInput[]): Html {
  const ofRun = (input: RunInput): Html => {
    const { settings, facts, run } = input;
    const { name, summary } = settings.recipe;
    return html`<p>${runs.length > 1 ? html`<strong>${run.name}</strong>: recipe` : 'Recipe'} <code>${name}</code> (${summary}), model ${settings.model.name}, ${stepsDone(input)} steps${facts ? html`, on ${facts.device}` : null}.</p>\n`;
  };
  const ofStudy = ({ study, name, claims }: StudyInput): Html => {
    const known = Object.hasOwn(registry, study) ? registry[study as StudyName].summary : '';
    return html`<p>${studies.length > 1 ? html`<strong>${name}</strong>: ` : null}<code>octavo study ${study}</code>${known === '' ? null : `: ${known}`}${claims === null ? ' (unfinished)' : null}.</p>\n`;
  };
  const paper =
    studies.length === 0
      ? null
      : html`<p class="soft">The paper is “Scaling FP8 training to trillion-token LLMs”, <a href="https://arxiv.org/abs/2409.12517">arXiv 2409.12517</a>.</p>\n`;
  return html`${runs.map(ofRun)}${studies.map(ofStudy)}${paper}`;
}
