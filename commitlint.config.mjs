/** @file The form of a commit's subject, for commitlint in the workflow: `part: what is so now`. */

export default {
  parserPreset: {
    parserOpts: {
      headerPattern: /^([a-z][a-z-]*(?:, [a-z][a-z-]*)*): (\S.*)$/,
      headerCorrespondence: ['type', 'subject'],
    },
  },
  rules: {
    'type-empty': [2, 'never'],
    'subject-empty': [2, 'never'],
    'subject-full-stop': [2, 'never', '.'],
    'header-trim': [2, 'always'],
  },
  helpUrl: 'CONTRIBUTING.md, "Commits"',
};
