/** What can be wrong with a question about light. */
export type OpticsErrorCode =
  | 'optics/parameter'
  | 'optics/wavelength'
  | 'optics/elevation'
  | 'optics/range'
  | 'optics/curve'
  | 'optics/climate'
  | 'optics/weather-month'
  | 'optics/weather-time'
  | 'optics/weather-file'
  | 'optics/weather-series';

/** The one error of this package; the message names the field and what would be right. */
export class OpticsError extends Error {
  readonly code: OpticsErrorCode;

  constructor(code: OpticsErrorCode, message: string) {
    super(message);
    this.name = 'OpticsError';
    this.code = code;
  }
}

/** Demands that a parameter lies in a closed interval; with `open`, that it is above its lower end. */
export function demand(field: string, value: number, low: number, high: number, open?: 'open'): void {
  if (value >= low && value <= high && Number.isFinite(value) && !(open && value === low)) return;
  const from = open ? `above ${low}` : `${low} or more`;
  const range = high === Number.POSITIVE_INFINITY ? `a finite number, ${from}` : `${from}, and at most ${high}`;
  throw new OpticsError('optics/parameter', `${field} is ${value}; it must be ${range}`);
}

/** Demands a finite number above zero. */
export function demandPositive(field: string, value: number): void {
  demand(field, value, 0, Number.POSITIVE_INFINITY, 'open');
}
