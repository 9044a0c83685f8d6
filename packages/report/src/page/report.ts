/** @file The report of folders that were read, before anything is drawn: title, sections, pictures as specifications. */
import { plural } from '../charts/numbers.ts';
import { overviewChart } from '../charts/overview-chart.ts';
import type { RunInput } from '../read/read-run.ts';
import type { StudyInput } from '../read/read-study.ts';
import { type Html, html } from './html.ts';
import type { Picture, Section } from './parts.ts';
import { runSections } from './run-sections.ts';
import { stepsDone } from './runs-table.ts';
import { studySections } from './study-sections.ts';

export interface Report {
  readonly title: string;
  readonly lead: Html;
  readonly sections: readonly Section[];
  /** One that sums a single run up, and stands in no section; null: there is none. */
  readonly overview: Picture | null;
}

/** `known` says in a sentence what a study is about, by its name. */
export function reportOf(
  inputs: readonly (RunInput | StudyInput)[],
  known: ReadonlyMap<string, string> = new Map(),
): Report {
  const runs = inputs.filter((input) => input.kind === 'run');
  const studies = inputs.filter((input) => input.kind === 'study');
  const alone = inputs.length === 1;
  return {
    title: titleOf(runs, studies),
    lead: leadOf(runs, studies, known),
    sections: [
      ...runSections(runs),
      ...studies.flatMap((study, i) =>
        studySections(study, alone ? '' : `study-${i + 1}-`, alone ? '' : `${study.name}: `),
      ),
    ],
    overview: alone && runs[0] ? { name: 'overview', chart: overviewChart(runs[0].run), caption: '' } : null,
  };
}

/** In the order of the page. */
export const picturesOf = ({ sections }: Report): Picture[] =>
  sections.flatMap(({ content }) => content.filter((part) => 'chart' in part));

function titleOf(runs: readonly RunInput[], studies: readonly StudyInput[]): string {
  const several = runs.length > 1 ? [plural(runs.length, 'run')] : [];
  return [
    ...(runs.length === 1 ? [`Run ${runs[0]!.run.name}`] : several),
    ...studies.map(({ study, name }) => (study === name ? `Study ${study}` : `Study ${study} (${name})`)),
  ].join(', ');
}

function leadOf(
  runs: readonly RunInput[],
  studies: readonly StudyInput[],
  known: ReadonlyMap<string, string>,
): Html {
  const ofRun = (input: RunInput): Html => {
    const { run, record } = input;
    const { name, summary } = record.plan.recipe;
    return html`<p>${runs.length > 1 ? html`<strong>${run.name}</strong>: recipe` : 'Recipe'} <code>${name}</code> (${summary}), model ${record.settings.model.name}, ${stepsDone(input)} steps${record.facts ? html`, on ${record.facts.device}` : null}.</p>\n`;
  };
  const ofStudy = ({ study, name, claims }: StudyInput): Html => {
    const summary = known.get(study);
    return html`<p>${studies.length > 1 ? html`<strong>${name}</strong>: ` : null}<code>octavo study ${study}</code>${summary === undefined ? null : `: ${summary}`}${claims === null ? ' (unfinished)' : null}.</p>\n`;
  };
  const paper =
    studies.length === 0
      ? null
      : html`<p class="soft">The paper is “Scaling FP8 training to trillion-token LLMs”, <a href="https://arxiv.org/abs/2409.12517">arXiv 2409.12517</a>.</p>\n`;
  return html`${runs.map(ofRun)}${studies.map(ofStudy)}${paper}`;
}
