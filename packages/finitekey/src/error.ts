/** A request that no key length can be computed for. `code` is stable, `field` names what is wrong, the message how. */
export class FiniteKeyError extends Error {
  override readonly name = 'FiniteKeyError';
  readonly code = 'finitekey/bad-input';
  /** For example `counts.probabilities` or `epsSec`. */
  readonly field: string;

  constructor(field: string, message: string) {
    super(`${field}: ${message}`);
    this.field = field;
  }
}
