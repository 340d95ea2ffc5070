/** Bad scenario: the message names the file, the field and what would be right. */
export class ScenarioError extends Error {
  override readonly name = 'ScenarioError';
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
