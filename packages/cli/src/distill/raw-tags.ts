/** Bob's input as his tagger wrote it: times and detectors, whose slots the session has to find. */
import { type BobOptions, DistillError, type RawTags, rawDetections, type SearchEvent } from '@skykey/distill';
import { describeFault } from '@skykey/photons';
import { CliError } from '../error.ts';
import { Recording } from '../tags/recording.ts';
import type { LinkDocument } from './link-document.ts';
import { expectationOf, readTiming } from './timing-document.ts';

export interface RawDetections {
  readonly simulated: boolean;
  readonly chunks: BobOptions['chunks'];
}

/**
 * Reads the timing, and the recording once from end to end: what is wrong with either is found before anything was said
 * about the light. Throws CliError `cli/file`. `onNews` hears of light that was lost, in sentences.
 */
export async function openRawTags(
  file: string,
  timingFile: string,
  { parameters, pulseRateHz, sync }: LinkDocument,
  onNews: (sentence: string) => void,
): Promise<RawDetections> {
  const timing = readTiming(timingFile);
  const { pulses, meanPhotons, probabilities } = parameters;
  const { offsetUncertaintyPs, slopeUncertainty, gatePs } = sync;
  // Twice: what is just beyond the uncertainty is still read, and found not to fit.
  const marginPs = 2 * offsetUncertaintyPs + 1e6;
  const { prediction, fromPs, untilPs } = expectationOf(timingFile, timing, { pulses, pulseRateHz, marginPs });
  const rows = await countTags(file);
  if (rows !== timing.tags) {
    throw new CliError(
      'cli/file',
      `--tags ${file} has ${rows} tags, and tags is ${timing.tags} in ${timingFile}: the recording was cut, or is another one`,
    );
  }
  const second = (slot: number): string => `${(slot / pulseRateHz).toFixed(1)} s (slot ${slot})`;
  let refused = 0;
  const onSearch = (event: SearchEvent): void => {
    const at = second(event.atSlot);
    if (event.kind === 'lost') onNews(`the light was lost at ${at}, and was looked for again`);
    else if (event.kind === 'ended') onNews(`the light was not found again by ${at}: what came later gives no key`);
    else if (event.kind === 'refused') refused++;
    else {
      if (refused > 0) onNews(`the light was found at ${at}, after ${refused} windows in which it was not`);
      refused = 0;
    }
  };
  const options = {
    prediction,
    pulses,
    settings: { meanPhotons, probabilities },
    uncertainty: { offsetPs: offsetUncertaintyPs, slope: slopeUncertainty },
    jitterPs: timing.jitterPs,
    gatePs,
    onSearch,
  };
  try {
    return { simulated: timing.simulated, chunks: rawDetections(within(file, fromPs, untilPs), options) };
  } catch (error) {
    if (!(error instanceof DistillError)) throw error;
    throw new CliError('cli/file', `--timing ${timingFile} with the link: ${error.message}`, { cause: error });
  }
}

/** Rows of a recording, which must be in order from end to end. Throws CliError `cli/file`. */
export async function countTags(file: string): Promise<number> {
  const recording = new Recording(file, {});
  let rows = 0;
  for await (const { tags } of recording.blocks()) rows += tags.timePs.length;
  if (recording.fault) throw new CliError('cli/file', describeFault(`--tags ${file}`, recording.fault));
  if (recording.otherDetectors > 0) {
    throw new CliError(
      'cli/file',
      `--tags ${file} names detectors beyond the four in ${recording.otherDetectors} records: which are X0, X1, Z0 and Z1 is to be said with "skykey tags convert --detectors"`,
    );
  }
  return rows;
}

/** Tags in a stretch of the tagger's clock; what was recorded before and after it is nobody's. */
async function* within(file: string, fromPs: number, untilPs: number): AsyncGenerator<RawTags> {
  const recording = new Recording(file, {});
  for await (const { tags } of recording.blocks()) {
    const { timePs, detector } = tags;
    const from = timePs.findIndex((one) => one >= fromPs);
    const until = timePs.findLastIndex((one) => one <= untilPs) + 1;
    if (from >= 0 && until > from) {
      yield { timePs: timePs.subarray(from, until), detector: detector.subarray(from, until) };
    }
  }
  if (recording.fault) throw new CliError('cli/file', describeFault(`--tags ${file}`, recording.fault));
}
