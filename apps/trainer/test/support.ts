/** @file The built command as a child process, as a user runs it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const BIN = fileURLToPath(new URL('../bin/octavo.js', import.meta.url));

export interface Outcome {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs it in `cwd`; `watch` sees its output as it grows, and may kill it, as may `begun`, which is called at once. Its standard
 * output may be an open file instead.
 */
export function octavo(
  args: readonly string[],
  cwd: string,
  watch: (stdout: string, child: ChildProcess) => void = () => {},
  begun: (child: ChildProcess) => void = () => {},
  { stdout = 'pipe', env = {} }: { stdout?: 'pipe' | number; env?: Readonly<Record<string, string>> } = {},
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [BIN, ...args], {
      cwd,
      stdio: ['ignore', stdout, 'pipe'],
      env: { ...process.env, ...env },
    });
    begun(child);
    let [said, errors] = ['', ''];
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      watch(said, child);
    });
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      errors += text;
    });
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, stdout: said, stderr: errors }));
  });
}

/** The objects of `--json` output. */
export const lines = (stdout: string): Record<string, unknown>[] =>
  stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

/** A language of its own: enough order to learn, no file to ship. */
export function babble(words: number): string {
  const vocabulary = ['lorem', 'ipsum', 'dolor', 'sit', 'amet', 'tempor', 'magna', 'aliqua'];
  let state = 1;
  return Array.from({ length: words }, () => {
    state = (state * 48_271) % 2_147_483_647;
    return vocabulary[state % vocabulary.length];
  }).join(' ');
}
