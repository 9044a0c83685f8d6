/** @file A study from its request to the files in its folder. */
import { OctavoError } from '@octavo/formats';
import {
  corpusBytes,
  heldOutBytes,
  largestWork,
  openRecordedRun,
  openStudyFolder,
  type Progress,
  type StudyFolder,
  type StudyName,
  studyOf,
} from '@octavo/lab';
import { recipeOf } from '@octavo/nn';
import {
  checkMemory,
  chooseDevice,
  isRun,
  planOf,
  textShapeOf,
  type Workload,
  workOf,
} from '@octavo/trainer';
import { type RunRecord, readRun, tokenizerPlaces } from '@octavo/trainer/record';
import { catchInterrupts } from '../interrupt.ts';
import { duration } from '../output/format.ts';
import { toLine } from '../output/json.ts';

export interface StudyRequest {
  readonly name: StudyName;
  readonly seeds: readonly number[];
  readonly quick: boolean;
  readonly out: string;
  /** The folder of a run to study, or null: models of its own. */
  readonly run: string | null;
  /** Null: as the study has it. */
  readonly activations: 'bf16' | 'fp32' | null;
  readonly device: string;
  readonly threads: number | null;
  /** Try it though the memory seems too small. */
  readonly force: boolean;
  readonly json: boolean;
}

export async function study(request: StudyRequest): Promise<void> {
  const { seeds, out, device: name, threads, force } = request;
  const { full, quick, run, takesRun } = studyOf(request.name);
  const settings = withActivations(request, request.quick ? quick : full);
  if (request.run !== null && !takesRun) {
    throw new OctavoError(
      `[study] --run: got "${request.run}", but study ${request.name} trains models of its own; leave the option out`,
      { exitCode: 2 },
    );
  }
  const screen = createScreen(request.json);
  const record = request.run === null ? null : await recordOf(request.run);
  const work = record === null ? largestWork(settings) : workOfRun(record);
  const what = request.run === null ? `a step of study ${request.name}` : `a step of ${request.run}`;
  checkMemory(work, { what, device: name, force, warn: (said) => screen.line(`note: ${said}`) });
  const interrupt = catchInterrupts(() => screen.line('stopping; what is done stays in the folder'));
  const { device, choice } = await chooseDevice(name, { threads });
  if (choice.said) screen.line(choice.said);
  const began = performance.now();
  let folder: StudyFolder | null = null;
  let recorded: Awaited<ReturnType<typeof openRecordedRun>> | null = null;
  try {
    if (request.run !== null && record !== null) {
      const { settings: ofRun, identity } = record;
      const tokenizers = await tokenizerPlaces(request.run, record);
      const text = { settings: ofRun.data, shape: textShapeOf(ofRun), identity, tokenizers };
      recorded = await openRecordedRun(request.run, text, device, screen.line);
    }
    const subject = recorded?.run;
    const identity = subject ? { run: subject.name, step: subject.step } : {};
    folder = await openStudyFolder(out, { study: request.name, settings, ...identity });
    const [bytes, heldOut] = [await corpusBytes(), await heldOutBytes()];
    const { signal } = interrupt;
    const options = { settings, seeds, device, bytes, heldOut, parts: folder.parts, subject, signal };
    const result = await run(options, screen.progress);
    const written = await folder.writeResult(result);
    const seconds = (performance.now() - began) / 1000;
    const { claims } = result.summary;
    screen.end({ event: 'end', study: request.name, folder: out, seconds, claims, written }, [
      ...claims.map(({ text, values, holds }) => {
        const figures = values.map((v) => (Number.isFinite(v) ? v.toFixed(4) : 'broke')).join(', ');
        return `${holds ? 'holds         ' : 'does not hold '}  ${text} (${figures})`;
      }),
      `${out}/summary.md and ${written.length - 1} other files in ${duration(seconds)}`,
    ]);
  } catch (error) {
    interrupt.checkOutput();
    if (!interrupt.signal.aborted) throw error;
    const left = `stopped; go on with the same command: what is done is in ${out}`;
    screen.end({ event: 'end', study: request.name, folder: out, interrupted: true }, [left]);
  } finally {
    folder?.close();
    await recorded?.close();
    await device.destroy();
    interrupt.release();
  }
}

async function recordOf(folder: string): Promise<RunRecord> {
  if (await isRun(folder)) return readRun(folder);
  throw new OctavoError(
    `[study] --run: got "${folder}", which holds no run.json, expected the folder of a run of octavo train`,
    { exitCode: 2 },
  );
}

/** A step of the run as a study looks at it: whatever its recipe, the products are in the format of the activations. */
function workOfRun({ settings }: RunRecord): Workload {
  const plan = planOf(settings);
  return workOf('train', { ...plan, recipe: { ...recipeOf('bf16'), activations: plan.recipe.activations } });
}

function withActivations({ name, activations }: StudyRequest, settings: object): object {
  if (activations === null) return settings;
  if ('activations' in settings) return { ...settings, activations };
  throw new OctavoError(
    `[study] --activations: got "${activations}", but study ${name} has its activations fixed; leave the option out`,
    { exitCode: 2 },
  );
}

/** A line a part; on a terminal the present one is drawn again as it goes on; JSON a line for each when asked for. */
function createScreen(json: boolean) {
  const { stdout } = process;
  const live = !json && stdout.isTTY === true;
  let shown = '';
  return {
    progress: (progress: Progress): void => {
      const { done, parts, part, share } = progress;
      if (json) {
        if (share === 0) stdout.write(toLine({ event: 'progress', ...progress }));
        return;
      }
      const text = `${String(done + 1).padStart(3)}/${parts + 1}  ${part}`;
      if (live) stdout.write(`\r\u001b[K${text}  ${Math.round(share * 100)} %`);
      else if (text !== shown) stdout.write(`${text}\n`);
      shown = text;
    },
    line: (text: string): void => {
      if (!json) stdout.write(`${live ? '\r\u001b[K' : ''}${text}\n`);
    },
    end: (value: object, lines: readonly string[]): void => {
      if (json) stdout.write(toLine(value));
      else stdout.write(`${live ? '\r\u001b[K' : ''}${lines.join('\n')}\n`);
    },
  };
}
