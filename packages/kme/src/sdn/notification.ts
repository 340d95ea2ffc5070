import {
  MODULE,
  type SdnApplication,
  type SdnInterface,
  type SdnLink,
  type SdnNode,
  type SdnPerformance,
  sdnNode,
  uuidOf,
} from './model.ts';
import type { NetworkView } from './view.ts';

export type Severity = 'etsi-qkd-node-types:MAJOR' | 'etsi-qkd-node-types:MINOR';

interface Report {
  readonly link?: Pick<SdnLink, 'qkdl_id' | 'qkdl_status'> & { readonly message: string; readonly severity: Severity };
  readonly interface?: Pick<SdnInterface, 'qkdi_id' | 'qkdi_status'> & {
    readonly message: string;
    readonly severity: Severity;
  };
  readonly application?: Pick<SdnApplication, 'app_id' | 'app_status'> & {
    readonly message: string;
    readonly severity: Severity;
  };
}

/** Every notification of ETSI GS QKD 015 V2.1.1, module `etsi-qkd-sdn-node`. */
export interface Notifications {
  readonly sdqkdn_application_new: {
    readonly qkd_application: Pick<
      SdnApplication,
      'app_type' | 'server_app_id' | 'client_app_id' | 'app_priority' | 'local_qkdn_id' | 'app_qos'
    >;
  };
  readonly sdqkdn_application_qos_update: {
    readonly qkd_application: Pick<SdnApplication, 'app_id' | 'app_qos' | 'app_priority'>;
  };
  readonly sdqkdn_application_disconnected: { readonly qkd_application: Pick<SdnApplication, 'app_id'> };
  readonly sdqkdn_interface_new: { readonly qkd_interface: Omit<SdnInterface, 'qkdi_status'> };
  readonly sdqkdn_interface_down: { readonly qkd_interface: { readonly qkdi_id: number; readonly reason: string } };
  readonly sdqkdn_interface_out: { readonly qkd_interface: { readonly qkdi_id: number } };
  readonly sdqkdn_link_down: { readonly qkd_link: { readonly qkdl_id: string; readonly reason: string } };
  readonly sdqkdn_link_perf_update: {
    readonly qkd_link: { readonly qkdl_id: string; readonly performance: SdnPerformance };
  };
  readonly sdqkdn_link_overloaded: {
    readonly qkd_link: { readonly qkdl_id: string; readonly performance: Omit<SdnPerformance, 'phys_perf'> };
  };
  readonly alarm: Report;
  readonly event: Report;
}

export type NotificationName = keyof Notifications;
export type Notification = {
  [Name in NotificationName]: { readonly name: Name; readonly content: Notifications[Name] };
}[NotificationName];

/** How the JSON names a notification (RFC 7951, 4; RFC 8040, 6.4). */
export const qualified = (name: NotificationName): string => `${MODULE}:${name}`;

export interface ChangeOptions {
  /** A rate, or a measured figure, is told again when it has moved by more than this share of what was told. Default 0.1. */
  readonly perfShare?: number;
}

/**
 * What a controller has to hear when the network was `before` and is `after`, in the order in which it reads best:
 * what broke first. A link that goes under alarm is `sdqkdn_link_down` and an `alarm` of severity MAJOR, and so is an
 * eavesdropper. Pure; compare against what was told last, not against what was seen last, or slow drifts stay untold.
 */
export function changes(before: NetworkView, after: NetworkView, options: ChangeOptions = {}): Notification[] {
  const [was, is] = [sdnNode(before), sdnNode(after)];
  return [
    ...linkChanges(before, after, was, is, options.perfShare ?? 0.1),
    ...interfaceChanges(after, was, is),
    ...applicationChanges(was, is),
  ];
}

function linkChanges(
  before: NetworkView,
  after: NetworkView,
  was: SdnNode,
  is: SdnNode,
  share: number,
): Notification[] {
  const old = new Map(was.qkd_links.qkd_link.map((link) => [link.qkdl_id, link]));
  const wasAlarmed = new Set(
    [...before.links, ...before.virtualLinks].filter(({ alarm }) => alarm).map(({ id }) => uuidOf('link', id)),
  );
  const views = new Map([...after.links, ...after.virtualLinks].map((view) => [uuidOf('link', view.id), view]));
  const told: Notification[] = [];
  for (const link of is.qkd_links.qkd_link) {
    const { qkdl_id, qkdl_status, qkdl_performance: now } = link;
    const earlier = old.get(qkdl_id);
    const view = views.get(qkdl_id)!;
    const reason = view.alarm?.reason ?? view.reason ?? 'no reason was given';
    const alarmed = view.alarm !== undefined && !wasAlarmed.has(qkdl_id);
    const over = view.alarm === undefined && wasAlarmed.has(qkdl_id);
    const fell = isUp(earlier) && !isUp(link);
    // An alarm is told as a link that goes down even when there was no key on it to lose.
    if (fell || alarmed) told.push({ name: 'sdqkdn_link_down', content: { qkd_link: { qkdl_id, reason } } });
    if (alarmed) {
      const severity = 'etsi-qkd-node-types:MAJOR' as const;
      told.push({ name: 'alarm', content: { link: { qkdl_id, qkdl_status, message: reason, severity } } });
    } else if (earlier && !fell && (earlier.qkdl_status !== qkdl_status || over)) {
      const message = `the link was ${bare(earlier.qkdl_status)} and is ${bare(qkdl_status)}${over ? '; the alarm is over' : ''}`;
      const severity = 'etsi-qkd-node-types:MINOR' as const;
      told.push({ name: 'event', content: { link: { qkdl_id, qkdl_status, message, severity } } });
    }
    if (isUp(link) && (!earlier || moved(earlier.qkdl_performance, now, share))) {
      told.push({ name: 'sdqkdn_link_perf_update', content: { qkd_link: { qkdl_id, performance: now } } });
    }
    const overloaded = isUp(link) && now.expected_consumption > now.eskr;
    const before_ = earlier?.qkdl_performance;
    if (overloaded && !(isUp(earlier) && before_ && before_.expected_consumption > before_.eskr)) {
      const { expected_consumption, skr, eskr } = now;
      const performance = { expected_consumption, skr, eskr };
      told.push({ name: 'sdqkdn_link_overloaded', content: { qkd_link: { qkdl_id, performance } } });
    }
    old.delete(qkdl_id);
  }
  for (const gone of old.values()) {
    if (!isUp(gone)) continue;
    const qkd_link = { qkdl_id: gone.qkdl_id, reason: 'the link was taken out of the network' };
    told.push({ name: 'sdqkdn_link_down', content: { qkd_link } });
  }
  return told;
}

function interfaceChanges(after: NetworkView, was: SdnNode, is: SdnNode): Notification[] {
  const old = new Map(was.qkd_interfaces.qkd_interface.map((device) => [device.qkdi_id, device]));
  const reasons = new Map(after.interfaces.map(({ number, reason }) => [number, reason]));
  const told: Notification[] = [];
  for (const { qkdi_status, ...device } of is.qkd_interfaces.qkd_interface) {
    const { qkdi_id } = device;
    const earlier = old.get(qkdi_id);
    if (!earlier) told.push({ name: 'sdqkdn_interface_new', content: { qkd_interface: device } });
    const up = 'etsi-qkd-node-types:ENABLED';
    const reason = reasons.get(qkdi_id) ?? 'no reason was given';
    if (qkdi_status !== up && (!earlier || earlier.qkdi_status === up)) {
      told.push({ name: 'sdqkdn_interface_down', content: { qkd_interface: { qkdi_id, reason } } });
    } else if (earlier && earlier.qkdi_status !== qkdi_status) {
      const message = `the interface was ${bare(earlier.qkdi_status)} and is ${bare(qkdi_status)}`;
      const severity = 'etsi-qkd-node-types:MINOR' as const;
      told.push({ name: 'event', content: { interface: { qkdi_id, qkdi_status, message, severity } } });
    }
    old.delete(qkdi_id);
  }
  for (const qkdi_id of old.keys())
    told.push({ name: 'sdqkdn_interface_out', content: { qkd_interface: { qkdi_id } } });
  return told;
}

function applicationChanges(was: SdnNode, is: SdnNode): Notification[] {
  const old = new Map(was.qkd_applications.qkd_app.map((app) => [app.app_id, app]));
  const told: Notification[] = [];
  for (const app of is.qkd_applications.qkd_app) {
    const { app_id, app_status, app_type, server_app_id, client_app_id, app_priority, local_qkdn_id, app_qos } = app;
    const earlier = old.get(app_id);
    old.delete(app_id);
    if (!earlier) {
      const qkd_application = { app_type, server_app_id, client_app_id, app_priority, local_qkdn_id, app_qos };
      told.push({ name: 'sdqkdn_application_new', content: { qkd_application } });
      continue;
    }
    if (earlier.app_priority !== app_priority || JSON.stringify(earlier.app_qos) !== JSON.stringify(app_qos)) {
      told.push({
        name: 'sdqkdn_application_qos_update',
        content: { qkd_application: { app_id, app_qos, app_priority } },
      });
    }
    if (earlier.app_status === app_status) continue;
    if (app_status === 'etsi-qkd-node-types:DISCONNECTED') {
      told.push({ name: 'sdqkdn_application_disconnected', content: { qkd_application: { app_id } } });
    } else {
      const message = `the application was ${bare(earlier.app_status)} and is ${bare(app_status)}`;
      const severity = 'etsi-qkd-node-types:MINOR' as const;
      told.push({ name: 'event', content: { application: { app_id, app_status, message, severity } } });
    }
  }
  for (const { app_id, app_status } of old.values()) {
    if (app_status === 'etsi-qkd-node-types:DISCONNECTED') continue;
    told.push({ name: 'sdqkdn_application_disconnected', content: { qkd_application: { app_id } } });
  }
  return told;
}

/** Keys can be had of it. */
const isUp = (link: SdnLink | undefined): boolean =>
  link?.qkdl_status === 'etsi-qkd-node-types:ACTIVE' || link?.qkdl_status === 'etsi-qkd-node-types:PASSIVE';

const bare = (identity: string): string => identity.slice(identity.indexOf(':') + 1);

function moved(was: SdnPerformance, is: SdnPerformance, share: number): boolean {
  const figures = (performance: SdnPerformance): [string, number][] => [
    ['skr', performance.skr],
    ['eskr', performance.eskr],
    ['expected_consumption', performance.expected_consumption],
    ...(performance.phys_perf ?? []).map(({ perf_type, value }): [string, number] => [perf_type, Number(value)]),
  ];
  const old = new Map(figures(was));
  const now = figures(is);
  if (now.length !== old.size) return true;
  return now.some(([name, value]) => {
    const before = old.get(name);
    return before === undefined || Math.abs(value - before) > share * Math.abs(before);
  });
}
