/**
 * Key management entity: what applications ask (ETSI GS QKD 014, 004, 020, SKIP), what nodes tell each other, relay over
 * trusted nodes and disjoint paths, policy, alarm. A core without I/O: requests and messages in, answers out.
 */
export type { LinkAlarm } from './alarm.ts';
export { answer014 } from './etsi014/handler.ts';
export { DEFAULT_LIMITS, type Limits } from './etsi014/request.ts';
export type { KmeRequest, KmeResponse } from './etsi014/response.ts';
export { KmeError, type KmeErrorCode } from './error.ts';
export { Kme, type KmeOptions } from './kme.ts';
export { DIRECT, keyLane, keyLanes, linkLane, peerLane, wayOf } from './lanes.ts';
export type { KmeEntry, SaeEntry } from './network/registry.ts';
export type { PeerLink } from './peer/peer.ts';
export { joinCuts } from './relay/confirm.ts';
export { Exchange, type ExchangeOptions, type FlushReport, type RelayPlan } from './relay/exchange.ts';
export { joinBlockId, type JoinRecord } from './relay/join.ts';
export { joinLabels } from './relay/labels.ts';
export * from './service.ts';
