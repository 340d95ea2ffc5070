/** Keys that sign what is said on the record: ML-DSA-65 (FIPS 204), PEM, made for this alone. */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { SigningKeys } from '@skykey/hotline';
import { NodeError } from '../error.ts';

const ALGORITHM = 'ml-dsa-65';

/** Makes the pair where the private key is missing; writes the public one again where it is. */
export function makeSigningKeys({ key, publicKey }: { readonly key: string; readonly publicKey: string }): void {
  if (!existsSync(key)) {
    const pem = generateKeyPairSync(ALGORITHM).privateKey.export({ format: 'pem', type: 'pkcs8' });
    writeFileSync(key, pem, { mode: 0o600 });
  }
  const pem = createPublicKey(readKey(key, createPrivateKey)).export({ format: 'pem', type: 'spki' });
  writeFileSync(publicKey, pem, { mode: 0o600 });
}

/** Throws NodeError with the file and what would be right. */
export function readSigningKeys({ key, peerKey }: { readonly key: string; readonly peerKey: string }): SigningKeys {
  const keys = { privateKey: readKey(key, createPrivateKey), peerKey: readKey(peerKey, createPublicKey) };
  if (createPublicKey(keys.privateKey).equals(keys.peerKey)) {
    throw new NodeError('desk/signing', `${peerKey} is this desk's own public key; name that of the other desk`);
  }
  return keys;
}

function readKey(file: string, read: (pem: Buffer) => KeyObject): KeyObject {
  let key: KeyObject;
  try {
    key = read(readFileSync(file));
  } catch (error) {
    // What OpenSSL says of a key that it cannot read holds none of it.
    throw new NodeError('desk/signing', `the key of the record ${file} cannot be read: ${(error as Error).message}`);
  }
  if (key.asymmetricKeyType === ALGORITHM) return key;
  throw new NodeError(
    'desk/signing',
    `${file} holds a key of the kind ${key.asymmetricKeyType}; the record is signed with ${ALGORITHM}: make one with "openssl genpkey -algorithm ML-DSA-65"`,
  );
}
