/**
 * What a kernel refuses. `code` begins with `kernels/` and is stable; the message names the argument and what would be
 * right, never a bit of a key.
 *
 * `kernels/argument`: an array of another size or with other values than the kernel takes.
 */
export class KernelError extends Error {
  override readonly name = 'KernelError';
  readonly code: `kernels/${string}`;

  constructor(code: `kernels/${string}`, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
