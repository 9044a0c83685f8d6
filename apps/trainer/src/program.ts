/** @file The command line: which commands there are, and how bad usage is said. */
import { launchedRank } from '@octavo/mpi';
import { Command } from 'commander';
import { globalOptions } from './command.ts';
import { addBenchCommand } from './commands/bench.ts';
import { addConvertCommand } from './commands/convert.ts';
import { addDataCommand } from './commands/data.ts';
import { addDoctorCommand } from './commands/doctor.ts';
import { addEvalCommand } from './commands/eval.ts';
import { addGenerateCommand } from './commands/generate.ts';
import { addInspectCommand } from './commands/inspect.ts';
import { addPlanCommand } from './commands/plan.ts';
import { addReportCommand } from './commands/report.ts';
import { addStudyCommand } from './commands/study.ts';
import { addTrainCommand } from './commands/train.ts';
import { oneLine } from './errors.ts';
import { toOption } from './options.ts';
import { version } from './version.ts';

export function createProgram(): Command {
  const program = new Command('octavo')
    .description('Train Llama2 models in FP8, see which tensor breaks and what mends it.')
    .version(version())
    .helpCommand(false)
    .showHelpAfterError(false)
    .configureHelp({ showGlobalOptions: true })
    .exitOverride();
  for (const [key, option] of Object.entries(globalOptions)) program.addOption(toOption(key, option));
  program.addHelpText(
    'after',
    '\nExit codes: 0 done, 1 failed, 2 bad usage. Each command has examples: octavo COMMAND --help',
  );
  addTrainCommand(program);
  addEvalCommand(program);
  addGenerateCommand(program);
  addConvertCommand(program);
  addInspectCommand(program);
  addDoctorCommand(program);
  addDataCommand(program);
  addStudyCommand(program);
  addReportCommand(program);
  addBenchCommand(program);
  addPlanCommand(program);
  wordErrors(program, program.name());
  return program;
}

/** Bad usage is one line that ends with the help of the command that was used. */
function wordErrors(command: Command, name: string): void {
  command.configureOutput({
    outputError: (text, write) =>
      launchedRank(process.env) > 0 || // the first of mpirun's processes has been told the same
      write(`octavo: ${oneLine(text).replace(/^error: |\.$/g, '')}; see ${name} --help\n`),
  });
  for (const each of command.commands) wordErrors(each, `${name} ${each.name()}`);
}
