/**
 * The processes of Skykey: a site, a satellite, the simulated sky, and the supervisor that runs them all on one machine.
 * Composition, configuration and adapters for clock, network, disk and devices; what is worth testing alone lives in the
 * packages to the left.
 */
export { type Played, type PlayOptions, play as playHistory } from './chaos/play.ts';
export { PostgresServer, whyNoServer as whyNoPostgres } from './chaos/postgres-server.ts';
export type { Excuse, Finding, Rule, Verdict } from './chaos/verdict.ts';
export { loadMission, loadScenario, scenarioFile, shippedScenarios } from './configuration.ts';
export { DeskClient } from './desk/desk-client.ts';
export { newOperatorLink } from './desk/new-operator.ts';
export { type Device, deviceOf, makeDevice } from './desk/sign-in/index.ts';
export {
  type DeskFaultStudy,
  playTapTrial,
  prepareTapStage,
  reportDeskFaults,
  reportTap,
  sameAlarm,
  studyDeskFaults,
  type TapOutcome,
  type TapRow,
  type TapStage,
  type TapTrialOptions,
  tapRow,
} from './desk/trial/index.ts';
export { NodeError } from './error.ts';
export { runKme } from './kme/run-kme.ts';
export { type RunningKme, type StartKmeOptions, startKme } from './kme/start-kme.ts';
export {
  type FaultStudy,
  type HostileOutcome,
  playHostile,
  reportFaults,
  reportHostile,
  studyFaults,
} from './kme/trial/index.ts';
export { sessionParameters } from './link/session-parameters.ts';
export type { CoalitionKind, CoalitionTally } from './network/coalitions.ts';
export {
  type LinkQuality,
  loadNetwork,
  type NetworkFile,
  shippedNetworks,
  topologyOf,
} from './network/network-file.ts';
export {
  type AlarmRecord,
  type BitsForecast,
  type DemandRecord,
  type Foreseen,
  NetworkStudy,
  type PlayedDay,
  type ReadyForecast,
  type StudyScene,
} from './network/network-study.ts';
export { runNode } from './node.ts';
export { type PassProgress, type PassRequest, type PassResult, runPass } from './pass/pass.ts';
export {
  type AuthorityState,
  authorityFiles,
  certificateFiles,
  initAuthority,
  issueCertificate,
  listAuthorities,
  renewRevocationList,
  revokeCertificates,
} from './pki/authority.ts';
export { developmentCertificates } from './pki/development.ts';
export { type IdentityRule, identityOf } from './pki/identity.ts';
export type { CertificateAlgorithm, Role } from './pki/signing.ts';
export { onEnd } from './process.ts';
export type { PlanContacts } from './site/mission-contacts.ts';
export { HOTLINE_PATH } from './site/site.ts';
export { runSky } from './sky/sky-process.ts';
export type { DeskAddress } from './up/desk-addresses.ts';
export { deskSaeId, kmeId, type Plan, saeId } from './up/provision.ts';
export { type Running, type UpOptions, up } from './up/supervisor.ts';
export { followEvents } from './wire/events.ts';
export { type MutualTlsOptions, type MutualTlsServer, serveMutualTls } from './wire/mutual-tls.ts';
export { type Peer, PeerClients, type PeerClientsOptions, peerClient } from './wire/peer-client.ts';
