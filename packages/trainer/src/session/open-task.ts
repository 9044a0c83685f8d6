/** @file A task with its questions: from a published file, or made from held-out text. */
import { existsSync } from 'node:fs';
import { type Row, readRows, readTextFile } from '@octavo/data';
import { type Asked, corpusTasks, type Question, tasks } from '@octavo/evals';
import { OctavoError } from '@octavo/formats';

/** A task by its name; `path`: its file, null where it is made from text. */
export interface NamedTask {
  readonly name: string;
  readonly path: string | null;
}

export type OpenTask = Omit<Asked, 'answers' | 'cut'>;

/** Questions made from text, unless another number is asked for. */
const MADE = 200;

const refuse = (what: string): never => {
  throw new OctavoError(`[run] ${what}`, { exitCode: 2 });
};

/** Whether it is made from held-out text. Throws for an unknown name, and where a file is missing or one too many. */
export function isMadeFromText({ name, path }: NamedTask): boolean {
  const published = tasks.get(name);
  if (!published && !corpusTasks.has(name))
    refuse(`task: got "${name}", expected one of ${[...corpusTasks.keys(), ...tasks.keys()].join(', ')}`);
  if (published && path === null)
    refuse(`task ${name}: got no file, expected ${name}=PATH of ${published.files}`);
  if (!published && path !== null)
    refuse(
      `task ${name}: got ${path}, expected no file: it is made from held-out text (--data names another)`,
    );
  return !published;
}

/** The first `limit` questions of a task, or all; a row that is none is refused by its place. */
export async function openTask(task: NamedTask, limit: number | null, text: () => string): Promise<OpenTask> {
  const { name, path } = task;
  const published = tasks.get(name);
  if (isMadeFromText(task) || published === undefined || path === null) {
    const { version, metrics, ...made } = corpusTasks.get(name)!;
    const questions = made.questions(text(), limit ?? MADE);
    return { name, version, metrics, questions, of: questions.length };
  }
  const questions: Question[] = [];
  let of = 0;
  const rows = withLabels(path);
  for await (const row of published.rows?.(rows) ?? rows)
    if (of++ < (limit ?? Number.POSITIVE_INFINITY)) questions.push(published.question(row));
  if (of === 0) refuse(`task ${name}: got no rows in ${path}, expected ${published.files}`);
  const { version, metrics } = published;
  return { name, version, metrics, questions, of };
}

/** Rows; where a file NAME-labels.lst stands beside NAME.jsonl (PIQA's do), its lines are their labels. */
async function* withLabels(path: string): AsyncGenerator<Row> {
  const beside = path.replace(/\.jsonl$/, '-labels.lst');
  if (beside === path || !existsSync(beside)) return yield* readRows(path);
  const labels = (await readTextFile(beside, 'labels')).trimEnd().split(/\r?\n/);
  let next = 0;
  for await (const { where, value } of readRows(path)) {
    const label = labels[next++];
    const labelled = typeof value === 'object' && value !== null && label !== undefined;
    yield { where, value: labelled ? { label, ...value } : value };
  }
  if (next !== labels.length)
    refuse(`labels ${beside}: got ${labels.length}, expected one for each of ${next} rows`);
}
