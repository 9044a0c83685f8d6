/** @file Reverse-mode differentiation: each function pushes the closure that computes its gradients. */

export interface Tape {
  /** Adds the backward closure of the function that just ran. */
  record(backward: () => void): void;
  /** Runs the closures, last first, and forgets them. */
  backward(): void;
}

export function createTape(): Tape {
  const closures: (() => void)[] = [];
  return {
    record: (backward) => {
      closures.push(backward);
    },
    backward() {
      for (let closure = closures.pop(); closure; closure = closures.pop()) closure();
    },
  };
}
