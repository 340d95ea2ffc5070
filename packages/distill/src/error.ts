/**
 * What goes wrong in distillation. `code` begins with `distill/` and is stable; the message is a sentence for people that
 * names the field and what would be right. Neither ever contains a bit of a key.
 */
export class DistillError extends Error {
  override readonly name = 'DistillError';
  readonly code: `distill/${string}`;

  constructor(code: `distill/${string}`, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
