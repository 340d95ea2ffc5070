/**
 * Key management entity: ETSI GS QKD 014 towards applications, authenticated messages towards the other site's KME, relay
 * over the satellite, alarm. A core without I/O: requests and messages in, answers out.
 */
export type { LinkAlarm } from './alarm.ts';
export { relayBlockId, relayCuts } from './confirm.ts';
export { KmeError, type KmeErrorCode } from './error.ts';
export { type FlushReport, Kme, type KmeOptions } from './kme.ts';
export { keyLane, linkLane, peerLane, relayLane } from './lanes.ts';
export type { PeerLink } from './peer.ts';
export type { SaeEntry, SaePair } from './registry.ts';
export { acceptRelay, announceRelay, type RelayLinkEnd, type RelayRecord, settleRelay } from './relay.ts';
export { DEFAULT_LIMITS, type Limits } from './request.ts';
export type { KmeRequest, KmeResponse } from './response.ts';
