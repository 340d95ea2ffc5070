/**
 * Key management entity: what applications ask (ETSI GS QKD 014, 004, 020, SKIP), what nodes tell each other, relay over
 * trusted nodes and disjoint paths, policy, alarm. A core without I/O: requests and messages in, answers out.
 */
export type { LinkAlarm } from './alarm.ts';
export { KmeError, type KmeErrorCode } from './error.ts';
export {
  decodeHeader,
  decodeRequest,
  decodeResponse,
  encodeRequest,
  encodeResponse,
  type FrameHeader,
  HEADER_BYTES,
  MAX_PAYLOAD_BYTES,
} from './etsi004/codec.ts';
export * from './etsi004/message.ts';
export { DEFAULT_STREAM_LIMITS, type StreamLimits } from './etsi004/qos.ts';
export { saeOfUri } from './etsi004/source.ts';
export { KeyStreams, type KeyStreamsOptions } from './etsi004/streams.ts';
export { answer014 } from './etsi014/handler.ts';
export { DEFAULT_LIMITS, type Limits } from './etsi014/request.ts';
export type { KmeRequest, KmeResponse } from './etsi014/response.ts';
export { Etsi020, type Etsi020Options } from './etsi020/etsi020.ts';
export type {
  Admission,
  ExportedKeys,
  ForeignPeer,
  HttpCalls,
  ImportedKey,
  ImportedKeys,
  VoidOutcome,
} from './etsi020/ports.ts';
export { timeoutProblem } from './etsi020/problem.ts';
export type { ForeignKms, Offer, OutState } from './etsi020/send.ts';
export type { HttpRequest, HttpResponse } from './http.ts';
export { Kme, type KmeOptions } from './kme.ts';
export { CARRIED_LANE, DIRECT, keyLane, keyLanes, linkLane, peerLane, wayOf } from './lanes.ts';
export {
  bitQuantiles,
  type Forecast,
  type ForecastAnswer,
  type ForecastDemand,
  Forecaster,
  type Outlook,
} from './network/forecast.ts';
export { type Contact, type ContactOutlook, drawBits, steadyContacts } from './network/forecast-supply.ts';
export type { TalkWindow } from './network/forecast-windows.ts';
export { disjointPaths, linkCost, type Path, type PathAnswer, type PathDemand } from './network/paths.ts';
export { type JoinPlan, type JoinStep, joinPlan, type KeySource, planFor, relayPlanOf } from './network/paths-join.ts';
export {
  type Decision,
  type DecisionContext,
  decide,
  narrowed,
  type PairRules,
  Policy,
  type PolicyPair,
  type QuotaRules,
  type RouteRules,
} from './network/policy.ts';
export {
  type AccessCell,
  type AccessScene,
  accessMatrix,
  ENDPOINTS,
  type Endpoint,
  type Role,
} from './network/policy-access.ts';
export { POLICY_FORMAT, readPolicy } from './network/policy-document.ts';
export { type QuotaAnswer, type QuotaRequest, type QuotaState, takeQuota } from './network/policy-quota.ts';
export { type PlannedRoutes, plannedRoutes, type RouteScene, type Unreachable } from './network/policy-routes.ts';
export type { KmeEntry, SaeEntry } from './network/registry.ts';
export { lanesOf, type Moments, type RehearsalScene, type Rehearsed, rehearse } from './network/rehearsal.ts';
export { isJurisdiction, type Likeness, type NetworkLink, type NetworkNode, Topology } from './network/topology.ts';
export { OPENAPI_DOCUMENTS, openApiText, serveOpenApi } from './openapi/openapi.ts';
export { ALARM_CLASSES, type AlarmClass } from './peer/message.ts';
export type { PeerLink } from './peer/peer.ts';
export { type Overheard, overhear } from './peer/tap.ts';
export { joinCuts } from './relay/confirm.ts';
export { Exchange, type ExchangeOptions, type FlushReport, type RelayPlan } from './relay/exchange.ts';
export { type JoinRecord, joinBlockId, LEAST_JOIN_BYTES } from './relay/join.ts';
export { joinLabels } from './relay/labels.ts';
export { holdLinkBlock, linkBlockId } from './relay/link-block.ts';
export { HEARTBEAT as SSE_HEARTBEAT, SdnEvents, type SdnEventsOptions } from './sdn/events.ts';
export { SdnFeed } from './sdn/feed.ts';
export { type SdnNode, sdnNode, uuidOf } from './sdn/model.ts';
export { changes as sdnChanges, type Notification as SdnNotification } from './sdn/notification.ts';
export {
  DATA_ROOT as SDN_DATA_ROOT,
  Restconf,
  type RestconfOptions,
  STREAM_PATH as SDN_STREAM_PATH,
} from './sdn/restconf.ts';
export type * from './sdn/view.ts';
export * from './service.ts';
export { type EntropySource, Skip, type SkipClient, type SkipOptions } from './skip/skip.ts';
