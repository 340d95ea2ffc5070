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
  | 'cli/peer'
  | 'cli/network'
  /** A device key, or what is asked of a desk. */
  | 'cli/desk'
  /** Servers of a bench that do not start; a process of a study that fails. */
  | 'cli/bench'
  /** A document of `skykey agent`. */
  | 'agent/configuration'
  /** The line between two agents. */
  | 'agent/line'
  /** What two agents agree on: a share, a tag, a message at the wrong time. */
  | 'agent/exchange'
  /** WireGuard or strongSwan as they are found. */
  | 'agent/tunnel'
  /** charon's socket. */
  | 'agent/vici';

/** The one error of this package: a sentence that names the option and what would be right. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly code: CliErrorCode;

  constructor(code: CliErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
