import { loadScenario } from '@skykey/node';
import { describeFault, TagStatistics } from '@skykey/photons';
import { timingFileOf, timingText } from './distill/timing-document.ts';
import { CliError } from './error.ts';
import { checkWritable, writeWhole } from './file.ts';
import { Progress } from './progress.ts';
import { EmissionSink, type EmissionsWritten, emissionsLine } from './tags/emissions.ts';
import { type Played, type PlayOptions, played } from './tags/played.ts';
import { RawClock } from './tags/raw.ts';
import {
  bitsOf,
  checkOther,
  type FileOptions,
  formatFor,
  formatOf,
  type ReadingOptions,
  Recording,
  type SinkSettings,
  TagSink,
} from './tags/recording.ts';
import { documentOf, type RecordingDocument, reportOf } from './tags/summary.ts';

export interface TagsWriteOptions extends PlayOptions, FileOptions {
  readonly scenario: string;
  readonly out: string;
  readonly truth?: string;
  readonly json?: boolean;
}

export interface TagsReadOptions extends ReadingOptions {
  /** Another file, for the tags up to a fault. */
  readonly to?: string;
  readonly toFormat?: string;
  readonly toLayout?: string;
  readonly toTimeBits?: number;
  readonly toDetectors?: string;
  readonly json?: boolean;
}

/** The document of `skykey tags write --json`. */
export interface TagsWriteDocument
  extends Pick<Played, 'passId' | 'satellite' | 'startUtc' | 'durationS' | 'assumptions'> {
  readonly scenario: string;
  readonly seed: number;
  readonly files: readonly {
    readonly station: string;
    readonly file: string;
    readonly tags: number;
    readonly bytes: number;
  }[];
  readonly truth: readonly string[];
  /** What the transmitter sent; null when nobody asked. */
  readonly emissions: EmissionsWritten | null;
  /** What the receiver knows of its tags' time; null when nobody asked for raw ones. */
  readonly timing: string | null;
  readonly simulated: string;
}

const SIMULATED = 'The photons are simulated, and the randomness of this run comes from its seed.';

/** `skykey tags write`. */
export async function tagsWrite(options: TagsWriteOptions): Promise<void> {
  const document = writeRecording(options);
  const rows = document.files.map(
    ({ station, file, tags, bytes }) =>
      `  ${station.padEnd(14)} ${file}: ${tags.toLocaleString('en')} tags, ${bytes.toLocaleString('en')} bytes`,
  );
  const lines = [
    `${document.passId}, ${document.durationS} s from ${document.startUtc}, seed ${document.seed}`,
    ...rows,
    ...document.truth.map((file) => `  the truth beside it: ${file}`),
    ...(document.emissions ? [emissionsLine(document.emissions)] : []),
    ...(document.timing ? [`  its clock and flight time: ${document.timing}`] : []),
    ...(options.fading || options.frames ? document.assumptions.map((one) => `  assumed: ${one}`) : []),
    `  ${document.simulated}`,
  ];
  process.stdout.write(options.json ? `${JSON.stringify(document, null, 2)}\n` : `${lines.join('\n')}\n`);
}

/** `skykey tags read`. */
export async function tagsRead(file: string, options: TagsReadOptions): Promise<void> {
  say(await readRecording(file, options), options);
}

/** `skykey tags convert`. */
export async function tagsConvert(from: string, to: string, options: Omit<TagsReadOptions, 'to'>): Promise<void> {
  say(await readRecording(from, { ...options, to }), options);
}

function say(document: RecordingDocument, { json }: { readonly json?: boolean }): void {
  process.stdout.write(json ? `${JSON.stringify(document, null, 2)}\n` : reportOf(document));
  if (!document.fault) return;
  const kept = document.written ? `kept in ${document.written.file}` : 'good; --to FILE keeps them';
  const before = `the ${document.tags.toLocaleString('en')} tags before it are ${kept}`;
  // A file read in the wrong layout goes wrong within some records.
  const early = document.bits !== null && document.tags < 100 && document.fault.kind !== 'cut';
  const hint = early ? `; if nothing is right, try another --layout than ${document.bits!.layout}` : '';
  process.stderr.write(`skykey: ${describeFault(document.file, document.fault)} (${before})${hint}\n`);
  process.exitCode = 2;
}

/** Reads a recording to its end or its first fault, and writes what is good of it to another file, if one is named. */
export async function readRecording(file: string, options: TagsReadOptions): Promise<RecordingDocument> {
  const { to } = options;
  const asked: FileOptions = {
    format: options.toFormat,
    layout: options.toLayout,
    timeBits: options.toTimeBits,
    detectors: options.toDetectors,
  };
  if (to === undefined && Object.values(asked).some((one) => one !== undefined)) {
    throw new CliError('cli/option', 'what a file is to be like needs a file: give --to');
  }
  const format = formatFor(to ?? '', formatOf(asked));
  const bits = bitsOf(asked);
  if (to !== undefined) {
    checkOther('--to', file, to);
    checkWritable('--to', to);
  }
  const recording = new Recording(file, options);
  const statistics = new TagStatistics();
  const progress = new Progress();
  // The clock of the file is known with its first tags.
  let sink: TagSink | undefined;
  const open = (): TagSink => {
    const settings: SinkSettings = { format, bits, originS: recording.originS, metadata: recording.metadata };
    return new TagSink('--to', to!, settings);
  };
  try {
    for await (const { tags, fraction } of recording.blocks()) {
      statistics.add(tags);
      if (to !== undefined && tags.timePs.length > 0) (sink ??= open()).write([tags.timePs, tags.detector]);
      progress.report(fraction, file);
    }
    if (to !== undefined) (sink ??= open()).end();
  } catch (error) {
    sink?.abandon();
    throw error;
  } finally {
    progress.end();
  }
  return documentOf(recording, statistics.summary(), sink ? { file: sink.file, format, tags: sink.tags } : null);
}

/** Plays a pass of a scenario into files, one for each station that records. */
export function writeRecording(options: TagsWriteOptions): TagsWriteDocument {
  const { out, truth, seed } = options;
  const format = formatFor(out, formatOf(options));
  const bits = bitsOf(options);
  if (options.settings && format !== 'parquet') {
    throw new CliError('cli/option', '--settings: a time-tag-64 file holds times and detectors alone; write Parquet');
  }
  if (options.raw && options.settings) {
    throw new CliError('cli/option', '--settings: raw tags have no slots to name settings of; leave --raw or it out');
  }
  const scenario = loadScenario(options.scenario);
  const pass = played(scenario, options);
  const light = options.raw ? pass.light?.() : undefined;
  if (options.raw && !light) {
    throw new CliError('cli/option', '--raw: entangled pairs have no slots to be found; leave it out');
  }
  const clock = light ? new RawClock(light, pass.durationS) : undefined;
  const timing = clock ? timingFileOf(out) : undefined;
  checkWritable('--out', timing);
  const emissions = options.emissions === undefined ? null : new EmissionSink(options.emissions, pass);
  const progress = new Progress();
  const metadata = {
    scenario: scenario.id,
    pass: pass.passId,
    seed: String(seed),
    startUtc: pass.startUtc,
    ...pass.effects,
    ...(emissions ? { pulses: String(emissions.pulses) } : {}),
  };
  const sinks: TagSink[] = [];
  const truths: TagSink[] = [];
  const named = (file: string, station: string): string =>
    pass.stations.length > 1 ? file.replace(/(\.[^./\\]*)?$/, `-${station}$1`) : file;
  try {
    for (const station of pass.stations) {
      const own = { ...metadata, station };
      sinks.push(new TagSink('--out', named(out, station), { format, bits, columns: pass.columns, metadata: own }));
      if (truth === undefined) continue;
      const beside = { ...own, ...clock?.truth };
      const settings: SinkSettings = { format: 'parquet', columns: pass.truthColumns, metadata: beside };
      truths.push(new TagSink('--truth', named(truth, station), settings));
    }
    for (const { fraction, stations } of pass.blocks((bin) => emissions?.add(bin))) {
      for (const [i, { rows, truth: beside }] of stations.entries()) {
        sinks[i]!.write(clock ? clock.read(rows) : rows);
        truths[i]?.write(clock ? clock.read(beside) : beside);
      }
      progress.report(fraction, pass.passId);
    }
    emissions?.end();
    for (const sink of [...sinks, ...truths]) sink.end();
    if (clock) writeWhole('--out', timing!, timingText(clock.timing(sinks[0]!.tags)));
  } catch (error) {
    emissions?.abandon();
    for (const sink of [...sinks, ...truths]) sink.abandon();
    throw error;
  } finally {
    progress.end();
  }
  const { passId, satellite, startUtc, durationS, assumptions } = pass;
  const files = sinks.map(({ file, tags, bytes }, i) => ({ station: pass.stations[i]!, file, tags, bytes }));
  return {
    scenario: scenario.id,
    passId,
    satellite,
    startUtc,
    durationS,
    seed,
    files,
    truth: truths.map(({ file }) => file),
    emissions: emissions ? emissions.written() : null,
    timing: timing ?? null,
    assumptions,
    simulated: SIMULATED,
  };
}
