/** Why the suite could not begin. What a server does wrong is a verdict, never an error. */
export type ConformanceErrorCode =
  /** An option that is missing, or that makes no sense. */
  | 'conformance/option'
  /** A file that cannot be read, or written, or does not hold what it should. */
  | 'conformance/file';

export class ConformanceError extends Error {
  override readonly name = 'ConformanceError';
  readonly code: ConformanceErrorCode;

  constructor(code: ConformanceErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
