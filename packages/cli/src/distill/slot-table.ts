/** Tables of slots as text: `slot,detector` in the first line, a line for each click, `until,N` in the last. */
import { CliError } from '../error.ts';
import type { InputFile } from './input-file.ts';

const HEAD = 'slot,detector';
const PIECE_BYTES = 1 << 20;
const ROWS = 1 << 16;
const NEWLINE = 10;
const COMMA = 44;
const RETURN = 13;

export interface SlotRows {
  readonly slot: Float64Array;
  readonly detector: Uint8Array;
  /** Known with the last rows: every slot below it was watched. */
  readonly until: number | undefined;
}

export function isSlotTable(start: Uint8Array): boolean {
  return new TextDecoder('latin1').decode(start).startsWith(HEAD);
}

/**
 * Rows in pieces, in the order of the file. Throws CliError `cli/file` for what is no such line, with its byte, and for a
 * table without its last line: a table that was cut must not pass for a whole one.
 */
export function* slotRows(input: InputFile): Generator<SlotRows> {
  let slot = new Float64Array(ROWS);
  let detector = new Uint8Array(ROWS);
  let rows = 0;
  let line = new Uint8Array(64);
  let inLine = 0;
  let lines = 0;
  let until: number | undefined;
  let lineAt = 0;
  const refuse = (problem: string): never => {
    throw new CliError('cli/file', `${input.file}, line ${lines + 1}, byte ${lineAt}: ${problem}`);
  };
  for (let at = 0; at < input.byteLength; at += PIECE_BYTES) {
    const piece = input.read(at, Math.min(PIECE_BYTES, input.byteLength - at));
    for (let i = 0; i < piece.length; i++) {
      const byte = piece[i]!;
      if (byte !== NEWLINE) {
        if (inLine === line.length) refuse('the line is too long for "slot,detector"');
        line[inLine++] = byte;
        continue;
      }
      const length = inLine > 0 && line[inLine - 1] === RETURN ? inLine - 1 : inLine;
      if (lines === 0) {
        if (new TextDecoder('latin1').decode(line.subarray(0, length)) !== HEAD)
          refuse(`the first line is not ${HEAD}`);
      } else if (until !== undefined) refuse('something follows the line "until,…", which is the last');
      else {
        const comma = length - 2;
        const value = line[length - 1]! - 48;
        const number = comma > 0 && line[comma] === COMMA ? decimalOf(line, comma) : -1;
        if (number >= 0 && value >= 0 && value <= 3) {
          slot[rows] = number;
          detector[rows++] = value;
        } else
          until = untilOf(line.subarray(0, length)) ?? refuse('this is neither "slot,detector" (0 to 3) nor "until,N"');
      }
      lines++;
      inLine = 0;
      lineAt = at + i + 1;
      if (rows === ROWS) {
        yield { slot, detector, until: undefined };
        slot = new Float64Array(ROWS);
        detector = new Uint8Array(ROWS);
        rows = 0;
      }
    }
  }
  line = line.fill(0);
  if (inLine > 0) refuse(`the file ends at byte ${input.byteLength}, inside this line`);
  if (until === undefined) {
    refuse('the table ends without its last line, "until,N" with the number of slots that were watched: it is cut');
  }
  yield { slot: slot.subarray(0, rows), detector: detector.subarray(0, rows), until };
}

/** The number in the first `length` bytes, -1 for none below 2^53. */
function decimalOf(bytes: Uint8Array, length: number): number {
  if (length > 16) return -1;
  let value = 0;
  for (let i = 0; i < length; i++) {
    const digit = bytes[i]! - 48;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value <= Number.MAX_SAFE_INTEGER ? value : -1;
}

function untilOf(line: Uint8Array): number | undefined {
  const [, digits] = /^until,(\d{1,16})$/.exec(new TextDecoder('latin1').decode(line)) ?? [];
  const value = Number(digits);
  return digits !== undefined && Number.isSafeInteger(value) ? value : undefined;
}
