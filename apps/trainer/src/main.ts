/** @file The process: arguments in, exit code out. */
import { writeSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { launchedRank } from '@octavo/mpi';
import { describeError, oneLine } from './errors.ts';
import { createProgram } from './program.ts';

// Whoever reads our output may stop reading; that is no error of ours. A full disk behind it is said in one line. (A
// command that catches interrupts hears of either as of one.)
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (stream.listenerCount('error') > 1) return;
    if (error.code === 'EPIPE') process.exit(0);
    if (stream === process.stdout)
      writeSync(process.stderr.fd, `octavo: standard output cannot be written: ${oneLine(error.message)}\n`);
    process.exit(1);
  });
}

const program = createProgram();
try {
  await program.parseAsync();
  process.exitCode ??= 0;
} catch (error) {
  // Of processes that mpirun has started the first speaks, and with its end all end.
  if (launchedRank(process.env) > 0) await setTimeout(1000);
  const { text, exitCode } = describeError(error, program.opts<{ debug?: boolean }>().debug === true);
  process.stderr.write(text);
  process.exitCode = exitCode;
}
