/** What a recording is like, as a document and for people. */
import type { TagFault, TagFormat, TagSummary } from '@skykey/photons';
import type { FileFormat, Recording } from './recording.ts';

const NAMES = ['X0', 'X1', 'Z0', 'Z1'];

/** The document of `skykey tags read --json` and `convert --json`. */
export interface RecordingDocument extends TagSummary {
  readonly file: string;
  readonly bytes: number;
  readonly format: FileFormat;
  /** How the bits lie; null for Parquet. */
  readonly bits: TagFormat | null;
  /** Whole seconds of the file's clock at which its times begin. */
  readonly originS: number;
  readonly rollOverMarkers: number;
  /** Records that name a fifth to eighth detector: it was not read, their others were. */
  readonly otherDetectors: number;
  readonly metadata: Readonly<Record<string, string>>;
  readonly fault: TagFault | null;
  /** Columns of a table that are not times nor detectors: they are not read, and not written. */
  readonly leftOut: readonly string[];
  /** Where the tags up to the fault, or all, were written to. */
  readonly written: { readonly file: string; readonly format: FileFormat; readonly tags: number } | null;
}

export function documentOf(
  recording: Recording,
  summary: TagSummary,
  written: RecordingDocument['written'],
): RecordingDocument {
  const { file, bytes, format, bits, originS, markers, otherDetectors, metadata, fault, otherColumns } = recording;
  return {
    file,
    bytes,
    format,
    bits,
    originS,
    rollOverMarkers: markers,
    otherDetectors,
    metadata,
    ...summary,
    fault,
    leftOut: otherColumns,
    written,
  };
}

const count = (n: number): string => n.toLocaleString('en');

/** `12.3 ns` */
function time(ps: number | null): string {
  if (ps === null) return '-';
  const units = ['ps', 'ns', 'us', 'ms', 's'];
  const unit = ps < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(ps) / 3));
  return `${Number((ps / 1000 ** unit).toPrecision(4))} ${units[unit]}`;
}

export function reportOf(document: RecordingDocument): string {
  const { file, bytes, format, bits, originS, tags, counts, ratesHz, leastBetweenPs, interArrival, spanS } = document;
  const layout = bits ? `, ${bits.layout}, ${bits.timeBits} bits of time` : '';
  const lines = [
    `${file}: ${format}${layout}, ${count(bytes)} bytes`,
    `  tags        ${count(tags)} in ${spanS.toFixed(6)} s${spanS > 0 ? `, ${count(Math.round(tags / spanS))}/s` : ''}`,
  ];
  if (document.firstPs !== null) {
    const from = originS + document.firstPs / 1e12;
    lines.push(
      `  from        ${from.toFixed(9)} s to ${(originS + document.lastPs! / 1e12).toFixed(9)} s of its clock`,
    );
  }
  if (document.rollOverMarkers > 0)
    lines.push(`  markers     ${count(document.rollOverMarkers)} of roll-over, left out`);
  if (document.otherDetectors > 0)
    lines.push(`  left out    detectors beyond the four; records that name one: ${count(document.otherDetectors)}`);
  lines.push('', '  detector        tags        1/s   closest two');
  for (const [i, name] of NAMES.entries()) {
    const rate = count(Math.round(ratesHz[i]!));
    lines.push(
      `  ${i} ${name} ${count(counts[i]!).padStart(15)} ${rate.padStart(10)} ${time(leastBetweenPs[i]!).padStart(13)}`,
    );
  }
  if (interArrival) {
    const { leastPs, meanPs, p1Ps, medianPs, p99Ps } = interArrival;
    lines.push(
      '',
      `  between tags: least ${time(leastPs)}, mean ${time(meanPs)}; 1 % below ${time(p1Ps)}, half below ` +
        `${time(medianPs)}, 99 % below ${time(p99Ps)} (to 15 %)`,
    );
  }
  for (const [key, value] of Object.entries(document.metadata)) lines.push(`  ${key.padEnd(11)} ${value}`);
  if (document.leftOut.length > 0) lines.push(`  left out    the columns ${document.leftOut.join(', ')}`);
  if (document.written) {
    const { file: to, format: as, tags: kept } = document.written;
    lines.push('', `  written to ${to} as ${as}: ${count(kept)} tags`);
  }
  return `${lines.join('\n')}\n`;
}
