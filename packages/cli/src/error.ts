/** What is wrong with what was typed on the command line. */
export type CliErrorCode =
  | 'cli/time'
  | 'cli/interval'
  | 'cli/station'
  | 'cli/satellite'
  | 'cli/elements'
  | 'cli/place'
  | 'cli/file'
  | 'cli/option'
  | 'cli/pass'
  | 'cli/weather'
  | 'cli/candidate'
  | 'cli/link'
  | 'cli/authentication'
  | 'cli/keys'
  | 'cli/peer';

/** The one error of this package: a sentence that names the option and what would be right. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly code: CliErrorCode;

  constructor(code: CliErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
