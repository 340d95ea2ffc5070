/** What a passkey answers, and whether that is valid here (Web Authentication Level 3, 7.1 and 7.2). */
import {
  type AuthenticationResponseJSON,
  generateAuthenticationOptions,
  generateRegistrationOptions,
  type PublicKeyCredentialCreationOptionsJSON,
  type PublicKeyCredentialRequestOptionsJSON,
  type RegistrationResponseJSON,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
} from '@simplewebauthn/server';
import {
  COSEALG,
  decodeAttestationObject,
  decodeClientDataJSON,
  parseAuthenticatorData,
} from '@simplewebauthn/server/helpers';
import type { Origin } from './origin.ts';
import { SignInRefusal } from './refusal.ts';

/** Ed25519, ECDSA on P-256 with SHA-256, RSA with SHA-256: what authenticators have. */
const ALGORITHMS = [COSEALG.EdDSA, COSEALG.ES256, COSEALG.RS256];
const TIMEOUT_MS = 5 * 60_000;
const AGAIN = 'try again; if it stays so, ask an operator for a new enrolment link';

/** A passkey as a site keeps it: nothing secret. Bytes in base64url. */
export interface Passkey {
  readonly id: string;
  /** COSE_Key. */
  readonly publicKey: string;
  /** What the authenticator counted last; 0 for one that does not count. */
  readonly counter: number;
  readonly transports: readonly string[];
}

/** An answer that has the right form; nothing in it is believed yet. */
export interface PasskeyAnswer {
  readonly id: string;
  /** The challenge that it says it answers. */
  readonly challenge: string;
  readonly credential: unknown;
}

/** What the browser is asked to make. */
export function creationOptions(options: {
  readonly origin: Origin;
  readonly rpName: string;
  readonly challenge: string;
  readonly personId: string;
  readonly personName: string;
  /** Passkeys that this person has already. */
  readonly known: readonly Passkey[];
}): Promise<PublicKeyCredentialCreationOptionsJSON> {
  return generateRegistrationOptions({
    rpName: options.rpName,
    rpID: options.origin.rpId,
    userID: bytesOf(options.personId),
    userName: options.personName,
    userDisplayName: options.personName,
    challenge: bytesOf(options.challenge),
    timeout: TIMEOUT_MS,
    attestationType: 'none',
    authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
    supportedAlgorithmIDs: ALGORITHMS,
    excludeCredentials: options.known.map(({ id }) => ({ id })),
  });
}

/** What the browser is asked to sign; it knows by itself which passkeys it has for this desk. */
export const requestOptions = (origin: Origin, challenge: string): Promise<PublicKeyCredentialRequestOptionsJSON> =>
  generateAuthenticationOptions({
    rpID: origin.rpId,
    challenge: bytesOf(challenge),
    timeout: TIMEOUT_MS,
    userVerification: 'required',
  });

/** Throws SignInRefusal when it has not the form of a passkey's answer. */
export function answerIn(credential: unknown): PasskeyAnswer {
  try {
    const { id, response } = credential as AuthenticationResponseJSON;
    const { challenge } = decodeClientDataJSON(response.clientDataJSON);
    if (typeof id !== 'string' || typeof challenge !== 'string') throw new TypeError('it has no id or no challenge');
    return { id, challenge, credential };
  } catch (error) {
    throw invalid(error);
  }
}

/** The new passkey. Throws SignInRefusal. */
export async function registered(answer: PasskeyAnswer, origin: Origin): Promise<Passkey> {
  const response = answer.credential as RegistrationResponseJSON;
  try {
    const object = decodeAttestationObject(bytesOf(response.response.attestationObject));
    check(response.response.clientDataJSON, new Uint8Array(object.get('authData')), origin);
    // No attestation was asked for. One with certificates would make the library look up revocation lists wherever they say.
    const isPlain =
      object.get('fmt') === 'none' || (object.get('fmt') === 'packed' && !object.get('attStmt').get('x5c'));
    if (!isPlain) throw new Error('it attests its maker');
    const { verified, registrationInfo } = await verifyRegistrationResponse({
      response,
      expectedChallenge: answer.challenge,
      expectedOrigin: origin.text,
      expectedRPID: origin.rpId,
      requireUserVerification: true,
      supportedAlgorithmIDs: ALGORITHMS,
    });
    if (!verified) throw new Error('its signature is wrong');
    const { id, publicKey, counter, transports = [] } = registrationInfo.credential;
    if (id !== answer.id) throw new Error('it has two ids');
    const known = transports.filter((each) => typeof each === 'string' && /^[a-z-]{1,20}$/.test(each)).slice(0, 8);
    return { id, publicKey: Buffer.from(publicKey).toString('base64url'), counter, transports: known };
  } catch (error) {
    throw invalid(error);
  }
}

/** What the passkey has counted to, to be held against what it had (`isCountedOn`). Throws SignInRefusal. */
export async function authenticated(
  answer: PasskeyAnswer,
  passkey: Passkey,
  personId: string,
  origin: Origin,
): Promise<number> {
  const response = answer.credential as AuthenticationResponseJSON;
  try {
    const authenticatorData = bytesOf(response.response.authenticatorData);
    check(response.response.clientDataJSON, authenticatorData, origin);
    // A passkey that was found without a name says itself whose it is (7.2, step 6).
    if (response.response.userHandle !== personId) throw new Error('it names another person');
    const { verified, authenticationInfo } = await verifyAuthenticationResponse({
      response,
      expectedChallenge: answer.challenge,
      expectedOrigin: origin.text,
      expectedRPID: origin.rpId,
      // The count is looked at afterwards (`isCountedOn`): what is not signed says nothing of copies.
      credential: { id: passkey.id, publicKey: bytesOf(passkey.publicKey), counter: 0 },
      requireUserVerification: true,
    });
    if (!verified) throw new Error('its signature is wrong');
    return authenticationInfo.newCounter;
  } catch (error) {
    throw invalid(error);
  }
}

/**
 * Whether the passkey counts on from where it was, or does not count at all. If not, there are two of what was one (Web
 * Authentication, 6.1.1).
 */
export const isCountedOn = (counter: number, passkey: Passkey): boolean =>
  counter > passkey.counter || (counter === 0 && passkey.counter === 0);

/** Looked at before the library does, for the sake of a sentence that helps. */
function check(clientDataJSON: string, authenticatorData: Uint8Array<ArrayBuffer>, origin: Origin): void {
  const { origin: answered, crossOrigin, topOrigin } = decodeClientDataJSON(clientDataJSON);
  if (answered !== origin.text)
    throw new SignInRefusal(
      'desk/passkey',
      `this passkey answered to ${String(answered).slice(0, 100)}, and this desk is ${origin.text}: open that address and try again`,
    );
  if (crossOrigin || topOrigin)
    throw new SignInRefusal(
      'desk/passkey',
      `this page was shown inside another one: open ${origin.text} itself and try again`,
    );
  if (!parseAuthenticatorData(authenticatorData).flags.uv)
    throw new SignInRefusal(
      'desk/passkey',
      'this passkey did not make sure who you are: set a PIN, fingerprint or face for it, and try again',
    );
}

function invalid(error: unknown): SignInRefusal {
  if (error instanceof SignInRefusal) return error;
  return new SignInRefusal('desk/passkey', `the passkey's answer is not valid here: ${AGAIN}`, { cause: error });
}

const bytesOf = (base64url: string): Uint8Array<ArrayBuffer> => new Uint8Array(Buffer.from(base64url, 'base64url'));
