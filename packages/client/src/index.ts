/**
 * A client of ETSI GS QKD 014 V1.1.1 for the key management entity of any maker: typed, strict about every answer, and
 * with keys that cannot be shown by accident.
 */
export { SecretBytes } from '@skykey/bits';
export type { KeyStatus, ReceivedKey } from './answer.ts';
export { ClientError, type ClientErrorCode } from './error.ts';
export type { EventsOptions, KmeEvent } from './events.ts';
export { type CertificateNames, idsOfCertificate } from './identity.ts';
export { type GetKeysOptions, KmeClient, type KmeClientOptions } from './kme-client.ts';
