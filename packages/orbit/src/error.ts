/** What can be wrong with a question about an orbit. */
export type OrbitErrorCode =
  | 'orbit/tle-lines'
  | 'orbit/tle-columns'
  | 'orbit/tle-checksum'
  | 'orbit/tle-field'
  | 'orbit/tle-number'
  | 'orbit/elements'
  | 'orbit/elements-age'
  | 'orbit/epoch-future'
  | 'orbit/omm-field'
  | 'orbit/omm-format'
  | 'orbit/synthetic'
  | 'orbit/latitude'
  | 'orbit/longitude'
  | 'orbit/altitude'
  | 'orbit/time'
  | 'orbit/interval'
  | 'orbit/min-elevation'
  | 'orbit/max-range'
  | 'orbit/grazing-height'
  | 'orbit/separation'
  | 'orbit/step'
  | 'orbit/propagation';

/** The one error of this package; the message names the field and what would be right. */
export class OrbitError extends Error {
  readonly code: OrbitErrorCode;

  constructor(code: OrbitErrorCode, message: string) {
    super(message);
    this.name = 'OrbitError';
    this.code = code;
  }
}
