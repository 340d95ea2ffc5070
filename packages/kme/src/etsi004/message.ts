import type { SecretBytes } from '@skykey/bits';

/** Calls and answers of ETSI GS QKD 004 V2.1.1 (clause 6), free of any wire format. */

/** Status codes of ETSI GS QKD 004 V2.1.1, table of clause 6. */
export const STATUS = {
  successful: 0,
  /** OPEN_CONNECT: the stream is there, the other application is not. */
  peerNotConnected: 1,
  /** GET_KEY: not enough key, or not this chunk: it was delivered, has expired, or lies beyond the reserve. */
  insufficientKey: 2,
  /** GET_KEY, CLOSE: no such stream here, or closed. */
  notConnected: 3,
  /** No quantum connection between the two, or none that may be used. */
  noConnection: 4,
  ksidInUse: 5,
  timeout: 6,
  /** OPEN_CONNECT: not with this quality of service; a counter-proposal comes back. */
  qosNotMet: 7,
  /** GET_KEY: the metadata buffer is too small; the size needed comes back. */
  metadataTooSmall: 8,
} as const;
export type StreamStatus = (typeof STATUS)[keyof typeof STATUS];

/** Quality of service of a key stream. Every number fits 32 bits; 0, and an empty type, leave the choice to us. */
export interface Qos {
  readonly chunkBytes: number;
  readonly maxBps: number;
  readonly minBps: number;
  readonly jitterBps: number;
  /** 0 first, 7 last. */
  readonly priority: number;
  readonly timeoutMs: number;
  readonly ttlS: number;
  /** IANA media type of the metadata; empty: no metadata. */
  readonly metadataType: string;
}

/** P: the Python client and server of QUBIP. C: the library of the ETSI forge. See ETSI004.md. */
export type Dialect = 'P' | 'C';

export interface OpenRequest {
  readonly call: 'open';
  readonly dialect: Dialect;
  readonly source: string;
  readonly destination: string;
  readonly qos: Qos;
  /** Key stream id, a UUID in lower case; null: choose one. */
  readonly ksid: string | null;
}

export interface GetRequest {
  readonly call: 'get';
  /** null: both dialects write it so; the stream's own counts. */
  readonly dialect: Dialect | null;
  readonly ksid: string;
  readonly index: number;
  /** How many bytes of metadata the caller takes; 0: none. Infinity: as many as there are. */
  readonly metadataRoom: number;
}

export interface CloseRequest {
  readonly call: 'close';
  readonly ksid: string;
}

export type StreamRequest = OpenRequest | GetRequest | CloseRequest;

export interface OpenResponse {
  readonly call: 'open';
  readonly dialect: Dialect;
  readonly status: StreamStatus;
  readonly qos: Qos;
  readonly ksid: string | null;
}

export interface GetResponse {
  readonly call: 'get';
  /** null when the stream is unknown: then nobody knows. */
  readonly dialect: Dialect | null;
  readonly status: StreamStatus;
  readonly index: number;
  /** Owned by the receiver, who wipes it; null unless the status is 0. */
  readonly key: SecretBytes | null;
  /** Text of the metadata; empty when none was asked for. */
  readonly metadata: string;
  /** Bytes of metadata needed, with status 8; else 0. */
  readonly metadataNeeded: number;
}

export interface CloseResponse {
  readonly call: 'close';
  readonly status: StreamStatus;
}

export type StreamResponse = OpenResponse | GetResponse | CloseResponse;
