/** @file `docs/statistics.md`: every column of every file of a run, from the schemas that the files are written with. */
import {
  type Column,
  checkpointColumns,
  runStatistics,
  shardColumns,
  statisticsColumns,
} from '@octavo/store';

const about: Readonly<Record<string, string>> = {
  'steps.arrow': 'One row a step.',
  'tensors.arrow':
    'One row per sampled step and observed tensor (every `sampleEvery` steps, and the last), and one per layer for the alignment of its gate and up weights.',
  'evaluations.arrow': 'One row an evaluation on held-out text, and one of the byte model to beat.',
  'guard.arrow': 'One row an alarm of the early warning.',
};

/** All of the page. */
export const statisticsReference = (): string => `# The files of a run, column by column

Made from the schemas by \`pnpm --filter @octavo/studies statistics-reference\`; the same unit and meaning stand in the
metadata of each field (\`unit\`, \`meaning\`). The schema of each statistics file has the run, its recipe and its model as
JSON (\`run\`, \`recipe\`, \`model\`). Where the last column says so a value may be absent (null); no number stands for that.
In Python, for example:

\`\`\`python
import pyarrow.ipc as ipc

schema = ipc.open_file("runs/NAME/tensors.arrow").schema
print(schema.field("scale").metadata[b"meaning"].decode(), schema.metadata[b"recipe"].decode())
\`\`\`

${[
  ...Object.entries(runStatistics).map(([name, schema]) =>
    section(name, about[name]!, statisticsColumns(schema)),
  ),
  section(
    'checkpoints/step-00000100.arrow',
    'One row a tensor, large ones in several; the metadata of the schema holds the rest of the state as JSON.',
    checkpointColumns,
  ),
  section('Token shards', 'One row a token of prepared data.', shardColumns(65_536)),
].join('\n')}`;

function section(title: string, text: string, columns: readonly Column[]): string {
  const head = ['column', 'type', 'unit', 'meaning', ''];
  const rows = columns.map(({ name, type, nullable, metadata = {} }) => [
    `\`${name}\``,
    type,
    metadata.unit ?? '',
    metadata.meaning!.replaceAll('|', '\\|'),
    nullable ? 'may be absent' : '',
  ]);
  return `## ${title.includes('.') ? `\`${title}\`` : title}\n\n${text}\n\n${table([head, ...rows])}`;
}

/** A Markdown table, its columns as wide as their widest cell. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, i) => Math.max(3, ...rows.map((row) => [...row[i]!].length)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, i) => cell + ' '.repeat(widths[i]! - [...cell].length)).join(' | ')} |\n`;
  const [head, ...body] = rows;
  return [head!, widths.map((width) => '-'.repeat(width)), ...body].map(line).join('');
}
