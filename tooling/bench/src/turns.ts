/** @file Contenders in turns, and what becomes of one that fails. */
import type { Contender } from './contender.ts';
import type { Answer, Request } from './protocol.ts';

/** Who is asked what, under a name for people. */
export interface Entry {
  readonly contender: Contender;
  readonly kind: string;
  readonly label: string;
}

/** Told of a peer that fails: it is left out of the table, with the reason. */
export type LeaveOut = (name: string, why: string) => void;

const BETWEEN_MS = 20;
/** So long threads may go on waiting for more work after a turn. */
const rest = (): Promise<void> => new Promise((done) => setTimeout(done, BETWEEN_MS));

const isOurs = ({ contender }: Entry): boolean => contender.hello.name.startsWith('Octavo');

/**
 * The answers of each entry to the same request, `rounds` times, all in turns. A peer that fails is left out; where Octavo
 * does, all fails.
 */
export async function inTurns<E extends Entry>(
  entries: readonly E[],
  request: (entry: E) => Request,
  rounds: number,
  leaveOut: LeaveOut,
): Promise<Map<E, Answer[]>> {
  const answers = new Map<E, Answer[]>(entries.map((entry) => [entry, []]));
  for (let round = 0; round < rounds; round++) {
    for (const [entry, all] of answers) {
      try {
        all.push(await entry.contender.ask(request(entry)));
      } catch (error) {
        if (isOurs(entry)) throw error;
        answers.delete(entry);
        leaveOut(`${entry.contender.hello.name}: ${entry.label}`, (error as Error).message);
      }
      await rest();
    }
  }
  return answers;
}

/** What the answers have in a field; throws where one has none, for then it answers another request. */
export const fieldOf = <K extends keyof Answer>(
  answers: readonly Answer[],
  field: K,
): Required<Answer>[K][] =>
  answers.map((answer) => {
    const value = answer[field];
    if (value === undefined) throw new Error(`a contender's answer: got no ${field}`);
    return value as Required<Answer>[K];
  });
