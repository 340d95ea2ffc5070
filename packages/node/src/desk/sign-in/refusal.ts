import { NodeError } from '../../error.ts';

/**
 * - `desk/not-signed-in` (401): there is no session, or it is over. No other refusal has this status.
 * - `desk/role`: the person may not do this. `desk/forged`: the request does not come from the desk's own page.
 * - `desk/enrolment-link`: expired, used, or never one. `desk/challenge`: too late, begun elsewhere, or answered before.
 * - `desk/passkey`: what a passkey or a device answered is not valid here. `desk/person`, `desk/last-operator`: what was asked
 *   of the list of persons cannot be done. `desk/too-many` (429): strangers ask faster than a desk answers them.
 */
export type SignInCode =
  | 'desk/not-signed-in'
  | 'desk/role'
  | 'desk/forged'
  | 'desk/enrolment-link'
  | 'desk/challenge'
  | 'desk/passkey'
  | 'desk/person'
  | 'desk/last-operator'
  | 'desk/too-many';

const STATUS: Partial<Record<SignInCode, number>> = {
  'desk/not-signed-in': 401,
  'desk/person': 409,
  'desk/last-operator': 409,
  'desk/too-many': 429,
};

/** Why somebody is not let in, with what to do about it. */
export class SignInRefusal extends NodeError {
  /** Of the HTTP answer. */
  readonly statusCode: number;

  constructor(code: SignInCode, message: string, options?: ErrorOptions) {
    super(code, message, options);
    this.statusCode = STATUS[code] ?? 403;
  }
}
