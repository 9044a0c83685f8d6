/** @file How a command that a document tells its reader to give is given in a test: the same, on given files, cut short. */

/** Splits as a shell does words in double quotes; nothing else of a shell stands in the documents. */
export const wordsOf = (text: string): string[] =>
  [...text.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain!);

/** What stands for a word that a reader is to replace. */
const PLACEHOLDERS: Readonly<Record<string, string>> = {
  CHECKPOINT: 'runs/nano-fp8-full',
  'RUN…': 'runs/nano-fp8-full',
  TEXT: 'My fellow',
  'INPUT…': 'books/',
  DIR: 'made',
  NAME: 'formats',
  FOLDER: 'books/',
  '--init FOLDER': 'SmolLM2-135M',
  IN: 'runs/nano-fp8-full',
  OUT: 'converted',
  MODEL: 'runs/nano-fp8-full',
};

/** The arguments of an `octavo` command with placeholders replaced, or null where the text is none. */
export function octavoArguments(text: string): string[] | null {
  const [first, second, ...rest] = wordsOf(text);
  const words =
    first === 'octavo' ? wordsOf(text).slice(1) : first === 'npx' && second === 'octavo' ? rest : null;
  const redirected = words?.indexOf('>') ?? -1;
  return (
    words
      ?.slice(0, redirected < 0 ? undefined : redirected)
      .filter((word) => word !== '…')
      .map((word, i, all) => PLACEHOLDERS[`${all[i - 1]} ${word}`] ?? PLACEHOLDERS[word] ?? word) ?? null
  );
}

/** Steps of a new run; a run that is resumed goes on for as many more. */
export const STEPS = 3;
/** For models above `nano` even those take long: one step, and no text from it. */
const SMALL = ['--steps', '1', '--batch', '1', '--sequence', '32'];

export interface Shortened {
  readonly args: readonly string[];
  /** Interrupted, as by Ctrl-C, once it has said its first line: then it has begun, and leaves what it has. */
  readonly interrupt: boolean;
}

/**
 * By appended options that the command documents, the last of which wins: fewer steps, tokens or sizes, a short text for
 * runs on the default one. A study has begun when it says its first part, and is interrupted then.
 */
export function shorten(args: readonly string[], resumed: number): Shortened {
  const [command] = args;
  const has = (option: string): boolean => args.includes(option);
  if (has('--help')) return { args, interrupt: false };
  const append = (...more: string[]): Shortened => ({ args: [...args, ...more], interrupt: false });
  switch (command) {
    case 'train': {
      if (has('--resume')) return append('--steps', String(STEPS * (resumed + 2)));
      const text = has('--data') || has('--config') || has('--what-next') ? [] : ['--data', 'speech.txt'];
      const model = args[args.indexOf('--model') + 1];
      if (has('--model') && model !== 'nano') return { args: [...args, ...text, ...SMALL], interrupt: true };
      return append(...text, '--steps', String(STEPS));
    }
    case 'eval':
      return append('--tokens', '256');
    case 'generate':
      return append('--tokens', '8');
    case 'study':
      return { args: has('--quick') ? args : [...args, '--quick'], interrupt: true };
    case 'plan': // a check measures steps for minutes: that its options are there must do
      return has('--check') ? append('--help') : append();
    case 'bench':
      return has('--quick') ? append() : append('--quick');
    default:
      return append();
  }
}
