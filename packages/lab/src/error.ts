/** What can be wrong with a question to the lab. */
export type LabErrorCode = 'lab/parameter' | 'lab/pass' | 'lab/journal' | 'lab/assumption';

/** The one error of this package; the message names what is wrong and what would be right. */
export class LabError extends Error {
  override readonly name = 'LabError';
  readonly code: LabErrorCode;

  constructor(code: LabErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** Demands a number of a closed interval; `whole` for counts. */
export function demand(field: string, value: number, low: number, high: number, whole?: 'whole'): void {
  if (value >= low && value <= high && (!whole || Number.isSafeInteger(value))) return;
  const kind = whole ? 'a whole number' : 'a number';
  throw new LabError('lab/parameter', `${field} is ${value}; it must be ${kind} from ${low} to ${high}`);
}
