import { createHash } from 'node:crypto';
import { KmeError } from '../error.ts';
import type { ApplicationView, InterfaceView, LinkView, NetworkView, VirtualLinkView } from './view.ts';

/**
 * The data model of ETSI GS QKD 015 V2.1.1 (YANG module `etsi-qkd-sdn-node`, revision 2022-01-30) in JSON by RFC 7951:
 * identities carry the module that defines them, decimal64 is a string with three digits, an unsigned 32-bit integer is
 * a number.
 */
export interface SdnNode {
  readonly qkdn_id: string;
  readonly qkdn_status: Identity<'NEW' | 'OPERATING' | 'DOWN' | 'FAILURE' | 'OUT'>;
  readonly qkdn_version: string;
  readonly qkdn_location_id: string;
  readonly qkdn_capabilities: {
    readonly link_stats_support: boolean;
    readonly application_stats_support: boolean;
    readonly key_relay_mode_enable: boolean;
  };
  readonly qkd_applications: { readonly qkd_app: readonly SdnApplication[] };
  readonly qkd_interfaces: { readonly qkd_interface: readonly SdnInterface[] };
  readonly qkd_links: { readonly qkd_link: readonly SdnLink[] };
}

export interface SdnApplication {
  readonly app_id: string;
  readonly app_status: Identity<'ON' | 'DISCONNECTED' | 'OUT-OF-TIME' | 'ZOMBIE'>;
  readonly app_type: Identity<'CLIENT' | 'INTERNAL'>;
  readonly server_app_id: string;
  readonly client_app_id: readonly string[];
  readonly app_priority: number;
  readonly creation_time: string;
  readonly expiration_time?: string;
  readonly app_statistics: {
    readonly statistics: readonly { end_time: string; start_time: string; consumed_bits: number }[];
  };
  readonly app_qos: SdnQuality;
  readonly backing_qkdl_id: readonly string[];
  readonly local_qkdn_id: string;
  readonly remote_qkdn_id?: string;
}

export interface SdnQuality {
  readonly max_bandwidth?: number;
  readonly min_bandwidth?: number;
  /** Milliseconds. */
  readonly jitter?: number;
  /** Seconds. */
  readonly ttl?: number;
  readonly clients_shared_path_enable: boolean;
  readonly clients_shared_keys_required: boolean;
}

export interface SdnInterface {
  readonly qkdi_id: number;
  readonly qkdi_status: Identity<'ENABLED' | 'DISABLED' | 'FAILED'>;
  readonly qkdi_model: string;
  readonly qkdi_type: Identity<InterfaceView['technology']>;
  readonly qkdi_att_point: { readonly device?: string; readonly port?: number };
  readonly qkdi_capabilities: {
    readonly role_support: Role;
    readonly wavelength_range?: string;
    readonly max_absorption?: string;
  };
}

export interface SdnLink {
  readonly qkdl_id: string;
  readonly qkdl_status: Identity<'ACTIVE' | 'PASSIVE' | 'PENDING' | 'OFF'>;
  readonly qkdl_enable: boolean;
  readonly qkdl_local: { readonly qkdn_id: string; readonly qkdi_id?: number };
  readonly qkdl_remote: { readonly qkdn_id: string; readonly qkdi_id?: number };
  readonly qkdl_type: Identity<'PHYS' | 'VIRT'>;
  readonly qkdl_applications: readonly string[];
  readonly virt_prev_hop?: string;
  readonly virt_next_hop?: readonly string[];
  readonly virt_bandwidth?: number;
  readonly phys_channel_att?: string;
  readonly phys_wavelength?: string;
  readonly phys_qkd_role?: Role;
  readonly qkdl_performance: SdnPerformance;
}

export interface SdnPerformance {
  readonly expected_consumption: number;
  readonly skr: number;
  readonly eskr: number;
  /**
   * QBER in percent, SNR in dB: the standard names no units. As a fraction, three digits would resolve one part in a
   * thousand only, and whoever took it for percent would see a link a hundred times too good.
   */
  readonly phys_perf?: readonly { readonly perf_type: Identity<'QBER' | 'SNR'>; readonly value: string }[];
}

/** An identity of `etsi-qkd-node-types`, qualified as RFC 7951, 6.8 demands where another module uses it. */
export type Identity<Name extends string> = `etsi-qkd-node-types:${Name}`;
type Role = Identity<'TRANSMITTER' | 'RECEIVER' | 'TRANSCEIVER'>;

export const MODULE = 'etsi-qkd-sdn-node';
const MAX_U32 = 2 ** 32 - 1;
/** Of the names of nodes, links and applications (RFC 9562, 5.5): a random UUID, drawn once and for all for Skykey. */
const NAMESPACE = '4b1d6e0e2f5c4f0c9d0b8c1a7e63f215';
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** The id itself when it is a UUID; otherwise the UUID version 5 of the name, alike at every node of every network. */
export function uuidOf(kind: 'node' | 'link' | 'app', name: string): string {
  if (UUID.test(name)) return name.toLowerCase();
  const hash = createHash('sha1').update(Buffer.from(NAMESPACE, 'hex')).update(`${kind}/${name}`).digest();
  hash[6] = (hash[6]! & 0x0f) | 0x50;
  hash[8] = (hash[8]! & 0x3f) | 0x80;
  return hash.toString('hex', 0, 16).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

/** The model as a controller reads it. Throws KmeError `kme/argument` for a figure that the standard's types cannot hold. */
export function sdnNode(view: NetworkView): SdnNode {
  const { node } = view;
  const local = uuidOf('node', node.id);
  const links = [
    ...view.links.map((link) => physicalLink(link, local, view.applications)),
    ...view.virtualLinks.map((link) => virtualLink(link, local, view.applications)),
  ];
  distinct(
    'links',
    [...view.links, ...view.virtualLinks].map(({ id }) => id),
  );
  distinct(
    'applications',
    view.applications.map(({ id }) => id),
  );
  distinct(
    'interfaces',
    view.interfaces.map(({ number }) => String(number)),
  );
  return {
    qkdn_id: local,
    qkdn_status: identity(upper(node.state)),
    qkdn_version: node.version,
    qkdn_location_id: node.location,
    qkdn_capabilities: { link_stats_support: true, application_stats_support: true, key_relay_mode_enable: true },
    qkd_applications: { qkd_app: view.applications.map((application) => application_(application, local)) },
    qkd_interfaces: { qkd_interface: view.interfaces.map(interface_) },
    qkd_links: { qkd_link: links },
  };
}

function application_(application: ApplicationView, local: string): SdnApplication {
  const where = `applications ${application.id}`;
  const { quality, expiresAtMs, remote } = application;
  return {
    app_id: uuidOf('app', application.id),
    app_status: identity(upper(application.state)),
    app_type: identity(upper(application.kind)),
    server_app_id: uriOf(application.server),
    client_app_id: application.clients.map(uriOf),
    app_priority: u32(`${where}: priority`, application.priority),
    creation_time: time(application.createdAtMs),
    ...(expiresAtMs !== undefined && { expiration_time: time(expiresAtMs) }),
    app_statistics: {
      statistics: application.statistics.map(({ fromMs, toMs, consumedBits }) => ({
        end_time: time(toMs),
        start_time: time(fromMs),
        consumed_bits: u32(`${where}: consumedBits`, consumedBits),
      })),
    },
    app_qos: {
      ...optional('max_bandwidth', quality.maxBandwidthBps, (value) => u32(`${where}: maxBandwidthBps`, value)),
      ...optional('min_bandwidth', quality.minBandwidthBps, (value) => u32(`${where}: minBandwidthBps`, value)),
      ...optional('jitter', quality.jitterMs, (value) => u32(`${where}: jitterMs`, value)),
      ...optional('ttl', quality.ttlS, (value) => u32(`${where}: ttlS`, value)),
      clients_shared_path_enable: quality.sharedPath ?? false,
      clients_shared_keys_required: quality.sharedKeys ?? false,
    },
    backing_qkdl_id: application.links.map((id) => uuidOf('link', id)),
    local_qkdn_id: local,
    ...(remote !== undefined && { remote_qkdn_id: uuidOf('node', remote) }),
  };
}

function interface_(device: InterfaceView): SdnInterface {
  const where = `interfaces ${device.number}`;
  return {
    qkdi_id: u32(`${where}: number`, device.number),
    qkdi_status: identity(upper(device.state)),
    qkdi_model: device.model,
    qkdi_type: identity(device.technology),
    qkdi_att_point: {
      ...optional('device', device.device, (value) => value),
      ...optional('port', device.port, (value) => u32(`${where}: port`, value)),
    },
    qkdi_capabilities: {
      role_support: identity(upper(device.role)),
      ...optional('wavelength_range', device.wavelengthNm, (value) => wavelength(where, value)),
      ...optional('max_absorption', device.maxLossDb, (value) => decimal(`${where}: maxLossDb`, value)),
    },
  };
}

function physicalLink(link: LinkView, local: string, applications: readonly ApplicationView[]): SdnLink {
  const where = `links ${link.id}`;
  const measured = [
    ...(link.qber === undefined
      ? []
      : [{ perf_type: identity('QBER'), value: decimal(`${where}: qber`, 100 * link.qber) }]),
    ...(link.snrDb === undefined
      ? []
      : [{ perf_type: identity('SNR'), value: decimal(`${where}: snrDb`, link.snrDb) }]),
  ];
  return {
    qkdl_id: uuidOf('link', link.id),
    qkdl_status: linkStatus(link),
    qkdl_enable: link.enabled,
    qkdl_local: { qkdn_id: local, qkdi_id: u32(`${where}: interface`, link.interface) },
    qkdl_remote: {
      qkdn_id: uuidOf('node', link.remote),
      ...optional('qkdi_id', link.remoteInterface, (value) => u32(`${where}: remoteInterface`, value)),
    },
    qkdl_type: identity('PHYS'),
    qkdl_applications: applicationsOf(link.id, applications),
    ...optional('phys_channel_att', link.lossDb, (value) => decimal(`${where}: lossDb`, value)),
    ...optional('phys_wavelength', link.wavelengthNm, (value) => wavelength(where, value)),
    ...optional('phys_qkd_role', link.role, (value) => identity(upper(value))),
    qkdl_performance: { ...performance_(where, link), phys_perf: measured },
  };
}

function virtualLink(link: VirtualLinkView, local: string, applications: readonly ApplicationView[]): SdnLink {
  const where = `virtualLinks ${link.id}`;
  return {
    qkdl_id: uuidOf('link', link.id),
    qkdl_status: linkStatus(link),
    qkdl_enable: true,
    qkdl_local: { qkdn_id: local },
    qkdl_remote: { qkdn_id: uuidOf('node', link.remote) },
    qkdl_type: identity('VIRT'),
    qkdl_applications: applicationsOf(link.id, applications),
    ...optional('virt_prev_hop', link.previousHop, (value) => uuidOf('node', value)),
    virt_next_hop: link.nextHops.map((hop) => uuidOf('node', hop)),
    ...optional('virt_bandwidth', link.bandwidthBps, (value) => u32(`${where}: bandwidthBps`, value)),
    qkdl_performance: performance_(where, link),
  };
}

function performance_(where: string, link: LinkView | VirtualLinkView): SdnPerformance {
  return {
    expected_consumption: u32(`${where}: consumptionBps`, link.consumptionBps),
    skr: u32(`${where}: keyRateBps`, link.keyRateBps),
    eskr: u32(`${where}: effectiveRateBps`, link.effectiveRateBps),
  };
}

const linkStatus = (link: LinkView | VirtualLinkView): SdnLink['qkdl_status'] =>
  identity(link.alarm ? 'OFF' : upper(link.state));

const applicationsOf = (link: string, applications: readonly ApplicationView[]): string[] =>
  applications.filter(({ links }) => links.includes(link)).map(({ id }) => uuidOf('app', id));

/** `inet:uri`: an SAE ID that is a URI stands as it is, any other as it stands in certificates. */
const uriOf = (saeId: string): string =>
  /^[A-Za-z][A-Za-z0-9+.-]*:/.test(saeId) ? saeId : `urn:skykey:${encodeURIComponent(saeId)}`;

const identity = <Name extends string>(name: Name): Identity<Name> => `etsi-qkd-node-types:${name}`;

const upper = <Word extends string>(word: Word): Uppercase<Word> => word.toUpperCase() as Uppercase<Word>;

function optional<Name extends string, Value, Told>(
  name: Name,
  value: Value | undefined,
  tell: (value: Value) => Told,
): { [name in Name]?: Told } {
  return (value === undefined ? {} : { [name]: tell(value) }) as { [name in Name]?: Told };
}

/** Rates and sums become whole: the model knows no fractions of a bit. */
function u32(where: string, value: number): number {
  const whole = Math.round(value);
  if (!(whole >= 0 && whole <= MAX_U32)) {
    throw new KmeError('kme/argument', `${where} shall be from 0 to ${MAX_U32}, not ${value}`);
  }
  return whole;
}

/** decimal64 with three fraction digits. */
function decimal(where: string, value: number): string {
  if (!Number.isFinite(value) || Math.abs(value) >= 1e15) {
    throw new KmeError('kme/argument', `${where} shall be a number below 1e15, not ${value}`);
  }
  return value.toFixed(3);
}

function wavelength(where: string, nm: number): string {
  const whole = Math.round(nm);
  if (!(whole >= 1 && whole <= 9999)) {
    throw new KmeError('kme/argument', `${where}: wavelengthNm shall be from 1 to 9999, not ${nm}`);
  }
  return String(whole);
}

/** Date and time of RFC 3339 in UTC. */
function time(ms: number): string {
  const date = new Date(ms);
  if (Number.isNaN(date.getTime())) throw new KmeError('kme/argument', `${ms} ms is no time`);
  return date.toISOString();
}

function distinct(what: string, names: readonly string[]): void {
  const twice = names.find((name, i) => names.indexOf(name) < i);
  if (twice !== undefined) throw new KmeError('kme/argument', `${what}: ${twice} is listed twice`);
}
