/** @file How many tests passed, failed and were skipped, and the line that says so. */

/** @typedef {{ passed: number, failed: number, skipped: number }} Counts */

/**
 * Counts tests; a file that could not be run, and an error outside any test, count as one failure each.
 * @param {readonly import('vitest/node').TestModule[]} modules
 * @param {readonly unknown[]} unhandled
 * @returns {Counts}
 */
export function countTests(modules, unhandled) {
  const counts = { passed: 0, failed: unhandled.length, skipped: 0 };
  for (const module of modules) {
    let failed = 0;
    for (const test of module.children.allTests()) {
      const { state } = test.result();
      if (state === 'passed') counts.passed += 1;
      else if (state === 'failed') failed += 1;
      else counts.skipped += 1;
    }
    if (failed === 0 && module.state() === 'failed') failed = 1;
    counts.failed += failed;
  }
  return counts;
}

/** @param {Counts} counts */
export const countsLine = ({ passed, failed, skipped }) =>
  `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
