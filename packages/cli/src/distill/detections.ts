/** Bob's input: his clicks by slot, gated, in the order of slots, a piece at a time; or raw tags, whose slots are found. */
import { existsSync } from 'node:fs';
import { type BobOptions, type DetectionChunk, isEmissionFile } from '@skykey/distill';
import { describeFault, openTagTable, type TagTable } from '@skykey/photons';
import { CliError } from '../error.ts';
import { SIMULATED } from './emissions.ts';
import { InputFile } from './input-file.ts';
import type { LinkDocument } from './link-document.ts';
import { openRawTags } from './raw-tags.ts';
import { isSlotTable, slotRows } from './slot-table.ts';
import { timingFileOf } from './timing-document.ts';

export interface Detections {
  /** Grows while the chunks are read. */
  readonly warnings: readonly string[];
  /** Once. */
  readonly chunks: BobOptions['chunks'];
  close(): void;
}

/** Rows held back to put clicks of neighbouring slots into order: jitter of a clock turns no more than those round. */
const HELD_SLOTS = 4096;

/**
 * Opens a table of slots (text), a Parquet file of tags with their slots, or a recording without, Parquet or time-tag-64, of
 * which a timing says when it was made: `timing`, or FILE.timing.json. Throws CliError `cli/file` for anything else,
 * PhotonsError `photons/tags` for a damaged table; `chunks` rejects with CliError `cli/file` at the first fault.
 */
export async function openDetections(file: string, link: LinkDocument, timing?: string): Promise<Detections> {
  const input = new InputFile('--tags', file);
  try {
    const start = input.read(0, 64).slice();
    if (isEmissionFile(start)) {
      throw new CliError('cli/file', `--tags ${file} is an emission file: that is what Alice gives, with --emissions`);
    }
    const exposed = `${file} may be read by others than its owner: the key is no better kept than it (chmod 600)`;
    const warnings = input.open ? [exposed] : [];
    const close = (): void => input.close();
    const isParquet = new TextDecoder('latin1').decode(start.subarray(0, 4)) === 'PAR1';
    const table = isParquet ? await openTagTable(partsOf(input)) : undefined;
    if (table?.metadata.scenario !== undefined) warnings.push(SIMULATED);
    if (table && !table.columns.includes('detector')) {
      throw new CliError(
        'cli/file',
        `--tags ${file} has the columns ${table.columns.join(', ')}; detector is needed, and slot or a --timing file`,
      );
    }
    if (isSlotTable(start) || table?.columns.includes('slot')) {
      if (timing !== undefined) {
        throw new CliError('cli/option', `--timing ${timing}: the slots are in ${file} already; leave --timing out`);
      }
      return { warnings, chunks: table ? tableChunks(file, table, link) : textChunks(input, link), close };
    }
    const beside = timing ?? timingFileOf(file);
    if (timing === undefined && !existsSync(beside)) {
      const what = table ? 'has time tags without slots' : 'is no table of slots (it would begin with "slot,detector")';
      throw new CliError(
        'cli/file',
        `--tags ${file} ${what}, and ${beside} is not there: of raw tags give with --timing what is known of the clock and the flight time`,
      );
    }
    const raw = await openRawTags(file, beside, link, (sentence) => warnings.push(sentence));
    if (raw.simulated && !warnings.includes(SIMULATED)) warnings.push(SIMULATED);
    return { warnings, chunks: raw.chunks, close };
  } catch (error) {
    input.close();
    throw error;
  }
}

function partsOf(input: InputFile): { readonly byteLength: number; slice(from: number, to?: number): ArrayBuffer } {
  const slice = (from: number, to = input.byteLength): ArrayBuffer => input.read(from, to - from).slice().buffer;
  return { byteLength: input.byteLength, slice };
}

async function* textChunks(input: InputFile, { parameters }: LinkDocument): AsyncGenerator<DetectionChunk> {
  const order = new SlotOrder(input.file, parameters.pulses);
  for (const { slot, detector, until } of slotRows(input)) {
    yield until === undefined ? order.push(slot, detector) : order.end(slot, detector, until);
  }
}

async function* tableChunks(file: string, table: TagTable, link: LinkDocument): AsyncGenerator<DetectionChunk> {
  const { pulses } = link.parameters;
  const halfPs = link.sync.gatePs / 2;
  const order = new SlotOrder(file, pulses);
  for await (const { rows, columns, fault } of table.groups()) {
    if (fault) throw new CliError('cli/file', describeFault(file, fault));
    const slots = columns.slot as Float64Array;
    const detectors = columns.detector as Uint8Array;
    const offsetPs = columns.offset_ps;
    const slot = new Float64Array(rows);
    const detector = new Uint8Array(rows);
    let kept = 0;
    for (let row = 0; row < rows; row++) {
      // By time alone: the gate knows no bit. Clicks before the first pulse and after the last are nobody's.
      if (slots[row]! < 0 || slots[row]! >= pulses || (offsetPs && Math.abs(offsetPs[row]!) > halfPs)) continue;
      slot[kept] = slots[row]!;
      detector[kept++] = detectors[row]!;
    }
    yield order.push(slot.subarray(0, kept), detector.subarray(0, kept));
  }
  // A table that is whole covers the pass, unless it says for itself how far it goes.
  const said = table.metadata.pulses;
  const until = said === undefined ? pulses : Number(said);
  if (!Number.isSafeInteger(until) || until < 0) {
    throw new CliError('cli/file', `${file}: pulses is ${JSON.stringify(said)} in its metadata; a whole number is due`);
  }
  yield order.end(new Float64Array(0), new Uint8Array(0), Math.min(until, pulses));
}

/** Puts rows into the order of slots that are off by some slots at most, and says up to where nothing is missing. */
class SlotOrder {
  readonly #file: string;
  readonly #pulses: number;
  #slot = new Float64Array(0);
  #detector = new Uint8Array(0);
  #until = 0;

  constructor(file: string, pulses: number) {
    this.#file = file;
    this.#pulses = pulses;
  }

  push(slot: Float64Array, detector: Uint8Array): DetectionChunk {
    const all = this.#join(slot, detector);
    const newest = all.slot.at(-1) ?? 0;
    return this.#take(all, Math.max(this.#until, newest - HELD_SLOTS));
  }

  end(slot: Float64Array, detector: Uint8Array, until: number): DetectionChunk {
    const all = this.#join(slot, detector);
    const newest = all.slot.at(-1) ?? -1;
    if (newest >= until) this.#refuse(`slot ${newest} has a click, and slots were watched up to ${until} only`);
    if (until > this.#pulses) {
      this.#refuse(`slots were watched up to ${until}, and the block of the link has ${this.#pulses} pulses`);
    }
    return this.#take(all, until);
  }

  #take({ slot, detector }: { slot: Float64Array; detector: Uint8Array }, untilSlot: number): DetectionChunk {
    let taken = slot.length;
    while (taken > 0 && slot[taken - 1]! >= untilSlot) taken--;
    this.#slot = slot.slice(taken);
    this.#detector = detector.slice(taken);
    this.#until = untilSlot;
    return { slot: slot.subarray(0, taken), detector: detector.subarray(0, taken), untilSlot };
  }

  /** What was held back and what is new, in order; each detector once a slot. */
  #join(newSlot: Float64Array, newDetector: Uint8Array): { slot: Float64Array; detector: Uint8Array } {
    const rows = this.#slot.length + newSlot.length;
    const slot = new Float64Array(rows);
    const detector = new Uint8Array(rows);
    slot.set(this.#slot);
    slot.set(newSlot, this.#slot.length);
    detector.set(this.#detector);
    detector.set(newDetector, this.#slot.length);
    // Nearly in order: each row moves some places at most.
    for (let row = this.#slot.length; row < rows; row++) {
      const here = slot[row]!;
      const click = detector[row]!;
      const newest = row > 0 ? slot[row - 1]! : this.#until;
      if (here >= this.#pulses) {
        this.#refuse(`slot ${here} has a click, and the block of the link has ${this.#pulses} pulses`);
      }
      if (here < this.#until || here < newest - HELD_SLOTS) {
        this.#refuse(`slot ${here} comes after slot ${newest}; clicks must be in the order of slots`);
      }
      let to = row;
      for (; to > 0 && slot[to - 1]! > here; to--) {
        slot[to] = slot[to - 1]!;
        detector[to] = detector[to - 1]!;
      }
      slot[to] = here;
      detector[to] = click;
    }
    return { slot, detector };
  }

  #refuse(problem: string): never {
    throw new CliError('cli/file', `${this.#file}: ${problem}`);
  }
}
