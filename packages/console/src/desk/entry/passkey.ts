/** Passkeys (Web Authentication Level 3): the browser's part of enrolment and sign-in, and what to do when it cannot. */

/** Why this page cannot use passkeys at all. */
export type Obstacle = 'insecure' | 'address' | 'browser';

/** What of the browser decides. */
export interface Surroundings {
  readonly isSecureContext: boolean;
  readonly hostname: string;
  readonly PublicKeyCredential?: unknown;
}

/** Null when passkeys can be used here. */
export function obstacle({
  isSecureContext,
  hostname,
  PublicKeyCredential: interfaces,
}: Surroundings): Obstacle | null {
  // A passkey belongs to a name; an address made of numbers is none (Web Authentication, 5.1.3).
  if (/^[\d.]+$/.test(hostname) || hostname.startsWith('[')) return 'address';
  if (!isSecureContext) return 'insecure';
  const present =
    typeof interfaces === 'function' &&
    'parseCreationOptionsFromJSON' in interfaces &&
    'parseRequestOptionsFromJSON' in interfaces;
  return present ? null : 'browser';
}

/** Why this very page cannot use passkeys; null when it can. */
export function obstacleHere(): Obstacle | null {
  const { isSecureContext, location, PublicKeyCredential } = window;
  return obstacle({ isSecureContext, hostname: location.hostname, PublicKeyCredential });
}

/** The same page under a name that passkeys accept; null where no such name is known. */
export function namedAddress(href: string): string | null {
  const url = new URL(href);
  if (url.hostname !== '127.0.0.1' && url.hostname !== '[::1]') return null;
  url.hostname = 'localhost';
  return url.href;
}

/** The token of an enrolment link (`#enrol=TOKEN`), or null. */
export function enrolmentToken(hash: string): string | null {
  const match = /^#enrol=([\w.~%-]{1,512})$/.exec(hash);
  if (match?.[1] === undefined) return null;
  try {
    return decodeURIComponent(match[1]);
  } catch {
    return null;
  }
}

/** What the person, the browser or the authenticator refused. */
export type PasskeyRefusal = 'cancelled' | 'known' | 'address' | 'unsupported' | 'failed';

/** From the error that `navigator.credentials` gave (Web Authentication, 5.1.3 and 5.1.4). */
export function passkeyRefusal(error: unknown): PasskeyRefusal {
  switch (error instanceof Error ? error.name : '') {
    case 'NotAllowedError':
    case 'AbortError':
      return 'cancelled';
    case 'InvalidStateError':
      return 'known';
    case 'SecurityError':
      return 'address';
    case 'NotSupportedError':
    case 'ConstraintError':
      return 'unsupported';
    default:
      return 'failed';
  }
}

/** Makes a passkey; its answer as JSON for the desk. Rejects as `navigator.credentials.create` does. */
export async function createPasskey(options: unknown): Promise<unknown> {
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options as PublicKeyCredentialCreationOptionsJSON);
  return asJson(await navigator.credentials.create({ publicKey }));
}

/** Signs with a passkey; its answer as JSON for the desk. Rejects as `navigator.credentials.get` does. */
export async function signWithPasskey(options: unknown): Promise<unknown> {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options as PublicKeyCredentialRequestOptionsJSON);
  return asJson(await navigator.credentials.get({ publicKey }));
}

function asJson(credential: Credential | null): unknown {
  if (!(credential instanceof PublicKeyCredential)) throw new TypeError('the browser gave no passkey');
  return credential.toJSON();
}
