/** @file The whole report of the folders that were read, as one page and its pictures. */
import { plural } from '../charts/words.ts';
import type { Figure } from '../draw/svg.ts';
import type { RunInput } from '../read/read-run.ts';
import type { StudyInput } from '../read/read-study.ts';
import { type Html, html } from './html.ts';
import { page } from './page.ts';
import { runSections, type Sections } from './run-sections.ts';
import { stepsDone } from './runs-table.ts';
import { studySections } from './study-sections.ts';

export interface Report {
  readonly html: string;
  readonly figures: readonly Figure[];
}

/** Who made the report: the `command`, Octavo's `version`, when. `studies` says in a sentence what each study is, by its name. */
export interface Made {
  readonly command: string;
  readonly version: string;
  readonly on: Date;
  readonly studies: ReadonlyMap<string, string>;
}

export async function assemble(inputs: readonly (RunInput | StudyInput)[], made: Made): Promise<Report> {
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
    html: page(titleOf(runs, studies), lead(runs, studies, made.studies), sections, foot),
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

function lead(runs: readonly RunInput[], studies: readonly StudyInput[], known: Made['studies']): Html {
  const ofRun = (input: RunInput): Html => {
    const { run, record } = input;
    const { name, summary } = record.plan.recipe;
    return html`<p>${runs.length > 1 ? html`<strong>${run.name}</strong>: recipe` : 'Recipe'} <code>${name}</code> (${summary}), model ${record.settings.model.name}, ${stepsDone(input)} steps${record.facts ? html`, on ${record.facts.device}` : null}.</p>\n`;
  };
  const ofStudy = ({ study, name, claims }: StudyInput): Html => {
    const summary = known.get(study) ?? '';
    return html`<p>${studies.length > 1 ? html`<strong>${name}</strong>: ` : null}<code>octavo study ${study}</code>${summary === '' ? null : `: ${summary}`}${claims === null ? ' (unfinished)' : null}.</p>\n`;
  };
  const paper =
    studies.length === 0
      ? null
      : html`<p class="soft">The paper is “Scaling FP8 training to trillion-token LLMs”, <a href="https://arxiv.org/abs/2409.12517">arXiv 2409.12517</a>.</p>\n`;
  return html`${runs.map(ofRun)}${studies.map(ofStudy)}${paper}`;
}
