/** @file The TypeScript examples of a README, and what they print by their own account. */

export interface Example {
  readonly code: string;
  /** The TEXT of every `console.log(…); // TEXT`. */
  readonly expected: readonly string[];
}

/** Every ```ts block. */
export const examplesOf = (readme: string): readonly Example[] =>
  [...readme.matchAll(/```ts\n(.*?)```/gs)].map((match) => {
    const code = match[1]!;
    return {
      code,
      expected: [...code.matchAll(/console\.log\(.*\);? *\/\/ (.*)/g)].map((line) => line[1]!),
    };
  });
