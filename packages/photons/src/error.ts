/** Names the rule that was broken; the message says which field, what it was and what would be right. */
export type PhotonsErrorCode =
  | 'photons/source'
  | 'photons/receiver'
  | 'photons/trace'
  | 'photons/adversary'
  | 'photons/seed'
  | 'photons/range'
  | 'photons/attack'
  | 'photons/strength'
  | 'photons/tags'
  | 'photons/pairs';

/** The only error this package throws on purpose. */
export class PhotonsError extends Error {
  readonly code: PhotonsErrorCode;

  constructor(code: PhotonsErrorCode, message: string) {
    super(message);
    this.name = 'PhotonsError';
    this.code = code;
  }
}
