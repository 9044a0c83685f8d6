/** @file The process: arguments in, exit code out. */
import { describeError } from './errors.ts';
import { createProgram } from './program.ts';

// Whoever reads our output may stop reading; that is no error of ours. (A training run hears of it as an interrupt.)
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    if (stream.listenerCount('error') === 1) process.exit(0);
  });
}

const program = createProgram();
try {
  await program.parseAsync();
  process.exitCode ??= 0;
} catch (error) {
  const { text, exitCode } = describeError(error, program.opts<{ debug?: boolean }>().debug === true);
  process.stderr.write(text);
  process.exitCode = exitCode;
}
