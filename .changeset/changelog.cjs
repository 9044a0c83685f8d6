/** @file How a changeset becomes lines of CHANGELOG.md: its text, and one line for all new versions beneath. */

/** @param {{ summary: string }} changeset */
const getReleaseLine = async ({ summary }) => {
  const [first, ...more] = summary.trim().split('\n');
  return [`- ${first}`, ...more.map((line) => (line === '' ? '' : `  ${line}`))].join('\n');
};

/**
 * @param {unknown} _changesets
 * @param {readonly { name: string, newVersion: string }[]} updated
 */
const getDependencyReleaseLine = async (_changesets, updated) =>
  updated.length === 0
    ? ''
    : `- Stands on ${updated.map(({ name, newVersion }) => `${name} ${newVersion}`).join(', ')}.`;

module.exports = { getReleaseLine, getDependencyReleaseLine };
