/** Names the rule that was broken; the message says which field, what it was and what would be right. */
export type AlarmErrorCode = 'alarm/link' | 'alarm/baseline' | 'alarm/observation' | 'alarm/options';

/** The only error this package throws on purpose. */
export class AlarmError extends Error {
  readonly code: AlarmErrorCode;

  constructor(code: AlarmErrorCode, message: string) {
    super(message);
    this.name = 'AlarmError';
    this.code = code;
  }
}
