import { MODULE } from '../sdn/model.ts';
import { DATA_ROOT, STREAM_PATH } from '../sdn/restconf.ts';
import {
  type Content,
  LICENSE,
  list,
  MUTUAL_TLS,
  type OpenApiDocument,
  type Operation,
  object,
  type Parameter,
  type Response,
  ref,
  type Schema,
  text,
  UUID,
  whole,
} from './document.ts';

const YANG_JSON = 'application/yang-data+json';
const U32 = { minimum: 0, maximum: 2 ** 32 - 1 } as const;
const u32 = (description: string): Schema => whole(description, U32);
const flag = (description: string): Schema => ({ type: 'boolean', description });
const decimal = (description: string): Schema => text(description, { pattern: '^-?[0-9]+\\.[0-9]{3}$' });
const time = (description: string): Schema =>
  text(description, { format: 'date-time', pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z$' });
const identity = (description: string, names: readonly string[]): Schema =>
  text(description, { enum: names.map((name) => `etsi-qkd-node-types:${name}`) });
const role = (description: string): Schema => identity(description, ['TRANSMITTER', 'RECEIVER', 'TRANSCEIVER']);
const body = (schema: Schema): Content => ({ [YANG_JSON]: { schema } });
const failed = (description: string): Response => ({ description, content: body(ref('Errors')) });

const failures: Readonly<Record<string, Response>> = {
  '400': failed('A query parameter: none is supported.'),
  '401': failed('The certificate names no controller.'),
  '404': failed('The model has no such instance.'),
  '500': failed('The model cannot be told at the moment.'),
};

const read = (operationId: string, summary: string, schema: Schema): { get: Operation; head: Operation } => ({
  get: { operationId, summary, responses: { '200': { description: 'It.', content: body(schema) }, ...failures } },
  head: {
    operationId: `${operationId}Head`,
    summary: `${summary}: the headers alone`,
    responses: Object.fromEntries(
      Object.entries({ '200': { description: 'It is there.' }, ...failures }).map(([status, { description }]) => [
        status,
        { description },
      ]),
    ),
  },
});

const key = (name: string, description: string, schema: Schema): Parameter => ({
  name,
  in: 'path',
  required: true,
  description,
  schema,
});

const within = (name: string, schema: Schema): Schema => object('The instance.', { [`${MODULE}:${name}`]: schema });
const one = (name: string, schema: Schema): Schema =>
  within(name, list('The one entry.', schema, { minItems: 1, maxItems: 1 }));
const ROOT = `${DATA_ROOT}/${MODULE}:qkd_node`;
const reported = (id: Readonly<Record<string, Schema>>): Schema =>
  object('What it is about.', {
    ...id,
    message: text('For people.'),
    severity: identity('How bad.', ['MAJOR', 'MINOR']),
  });

const linkId = { qkdl_id: UUID };
const nodeId = { ...UUID, description: 'A node.' };
const figures = {
  expected_consumption: u32('What applications are expected to take, bit/s.'),
  skr: u32('Secret key rate, bit/s.'),
  eskr: u32("What is left after the network's own consumption, bit/s."),
};
const linkStatus = identity('PASSIVE: makes no key, but has some.', ['ACTIVE', 'PASSIVE', 'PENDING', 'OFF']);
const interfaceStatus = identity('State of the device.', ['ENABLED', 'DISABLED', 'FAILED']);
const applicationStatus = identity('State of the application.', ['ON', 'DISCONNECTED', 'OUT-OF-TIME', 'ZOMBIE']);
const interfaceItem = {
  qkdi_id: u32('Unique in this node.'),
  qkdi_model: text('Maker and device.'),
  qkdi_type: identity('Technology.', ['CV-QKD', 'DV-QKD', 'DV-QKD-COW', 'DV-QKD-2Ws']),
  qkdi_att_point: object('Where it is connected.', {
    'device?': text('Switch or terminal.'),
    'port?': u32('Its port.'),
  }),
  qkdi_capabilities: object('What it can.', {
    role_support: role('As what it can work.'),
    'wavelength_range?': text('nm.', { pattern: '^[1-9][0-9]{0,3}$' }),
    'max_absorption?': decimal('dB.'),
  }),
};
const applicationDetails = {
  app_type: identity("INTERNAL: the network's own.", ['CLIENT', 'INTERNAL']),
  server_app_id: text('The application that asked first.', { format: 'uri' }),
  client_app_id: list('The others.', text('One.', { format: 'uri' })),
  app_priority: u32('Priority.'),
};

/** The JSON of ETSI GS QKD 015 V2.1.1 as Skykey serves it. */
export const ETSI015: OpenApiDocument = {
  openapi: '3.1.0',
  info: {
    title: 'ETSI GS QKD 015 control interface, as Skykey serves it',
    version: '2.1.1',
    description:
      'The YANG module etsi-qkd-sdn-node (revision 2022-01-30) in JSON by RFC 7951, read as RESTCONF has it (RFC 8040), and its ' +
      'notifications as server-sent events. Every container, list entry and leaf below the root can be read by its path. A ' +
      'controller reads; it does not configure. QBER is in percent, SNR in dB: the standard names no units.',
    license: LICENSE,
  },
  externalDocs: {
    description: 'ETSI GS QKD 015 V2.1.1 (2022); the YANG modules are BSD-3-Clause, ETSI',
    url: 'https://www.etsi.org/deliver/etsi_gs/QKD/001_099/015/02.01.01_60/gs_QKD015v020101p.pdf',
  },
  security: MUTUAL_TLS.security,
  paths: {
    [ROOT]: read('getNode', 'The node', within('qkd_node', ref('Node'))),
    [`${ROOT}/qkd_links/qkd_link={qkdl_id}`]: {
      parameters: [key('qkdl_id', 'A link.', UUID)],
      ...read('getLink', 'A link', one('qkd_link', ref('Link'))),
    },
    [`${ROOT}/qkd_interfaces/qkd_interface={qkdi_id}`]: {
      parameters: [key('qkdi_id', 'A device.', u32('Its number.'))],
      ...read('getInterface', 'A quantum device', one('qkd_interface', ref('Interface'))),
    },
    [`${ROOT}/qkd_applications/qkd_app={app_id}`]: {
      parameters: [key('app_id', 'Applications that share keys.', UUID)],
      ...read('getApplication', 'Applications that share keys', one('qkd_app', ref('Application'))),
    },
    [STREAM_PATH]: {
      get: {
        operationId: 'listen',
        summary: 'Notifications as they happen',
        description:
          'Each event has an id; who comes back with it in Last-Event-ID gets what happened since. What is not kept any more is ' +
          'told first by an event `missed` with {count, why}: then read the node again. `data` is a Notification.',
        parameters: [
          {
            name: 'Last-Event-ID',
            in: 'header',
            required: false,
            description: 'The id of the last event that was read.',
            schema: { type: 'string' },
          },
        ],
        responses: {
          '200': { description: 'The stream.', content: { 'text/event-stream': { schema: { type: 'string' } } } },
          '401': failed('The certificate names no controller.'),
        },
      },
    },
  },
  components: {
    securitySchemes: MUTUAL_TLS.securitySchemes(
      'TLS 1.2 or higher; the certificate names a controller that is configured here.',
    ),
    schemas: {
      Node: object('A software-defined QKD node.', {
        qkdn_id: nodeId,
        qkdn_status: identity('State of the node.', ['NEW', 'OPERATING', 'DOWN', 'FAILURE', 'OUT']),
        qkdn_version: text('Of the software.'),
        qkdn_location_id: text('Where it stands.'),
        qkdn_capabilities: object('What it tells.', {
          link_stats_support: flag('Statistics of links.'),
          application_stats_support: flag('Statistics of applications.'),
          key_relay_mode_enable: flag('Relay over several hops.'),
        }),
        qkd_applications: object('Applications.', { qkd_app: list('By app_id.', ref('Application')) }),
        qkd_interfaces: object('Devices.', { qkd_interface: list('By qkdi_id.', ref('Interface')) }),
        qkd_links: object('Links.', { qkd_link: list('By qkdl_id.', ref('Link')) }),
      }),
      Application: object('Applications that share keys.', {
        app_id: UUID,
        app_status: applicationStatus,
        ...applicationDetails,
        creation_time: time('When it began.'),
        'expiration_time?': time('When it ends.'),
        app_statistics: object('Periods that are over.', {
          statistics: list(
            'By end_time.',
            object('A period.', {
              end_time: time('Its end.'),
              start_time: time('Its beginning.'),
              consumed_bits: u32('Bits.'),
            }),
          ),
        }),
        app_qos: ref('Quality'),
        backing_qkdl_id: list('Links whose key it gets.', UUID),
        local_qkdn_id: nodeId,
        'remote_qkdn_id?': nodeId,
      }),
      Quality: object('What the application asked for.', {
        'max_bandwidth?': u32('bit/s.'),
        'min_bandwidth?': u32('bit/s.'),
        'jitter?': u32('Milliseconds.'),
        'ttl?': u32('Seconds.'),
        clients_shared_path_enable: flag('Clients may share a path.'),
        clients_shared_keys_required: flag('Clients get the same keys.'),
      }),
      Interface: object('A quantum device.', { ...interfaceItem, qkdi_status: interfaceStatus }),
      Link: object('Key shared with another node.', {
        ...linkId,
        qkdl_status: linkStatus,
        qkdl_enable: flag('Whether it may run.'),
        qkdl_local: object('This end.', { qkdn_id: nodeId, 'qkdi_id?': u32('Its device.') }),
        qkdl_remote: object('The far end.', { qkdn_id: nodeId, 'qkdi_id?': u32('Its device.') }),
        qkdl_type: identity('VIRT: through nodes between.', ['PHYS', 'VIRT']),
        qkdl_applications: list('Who gets its key.', UUID),
        'virt_prev_hop?': nodeId,
        'virt_next_hop?': list('Next on the way.', UUID),
        'virt_bandwidth?': u32('bit/s.'),
        'phys_channel_att?': decimal('Expected loss, dB.'),
        'phys_wavelength?': text('nm.', { pattern: '^[1-9][0-9]{0,3}$' }),
        'phys_qkd_role?': role('As what this end works.'),
        qkdl_performance: ref('Performance'),
      }),
      Performance: object('How it goes.', {
        ...figures,
        'phys_perf?': list(
          'By perf_type.',
          object('A measured figure.', {
            perf_type: identity('QBER in percent, SNR in dB.', ['QBER', 'SNR']),
            value: decimal('Three digits.'),
          }),
        ),
      }),
      Report: object('An alarm or an event about one of the three.', {
        'link?': reported({ ...linkId, qkdl_status: linkStatus }),
        'interface?': reported({ qkdi_id: interfaceItem.qkdi_id, qkdi_status: interfaceStatus }),
        'application?': reported({ app_id: UUID, app_status: applicationStatus }),
      }),
      Notification: object('What an event holds in `data` (RFC 8040, 6.4): the time and one of the others.', {
        'ietf-restconf:notification': object('One notification.', {
          eventTime: time('When.'),
          [`${MODULE}:sdqkdn_application_new?`]: object('New applications.', {
            qkd_application: object('They.', { ...applicationDetails, local_qkdn_id: nodeId, app_qos: ref('Quality') }),
          }),
          [`${MODULE}:sdqkdn_application_qos_update?`]: object('Other demands.', {
            qkd_application: object('They.', { app_id: UUID, app_qos: ref('Quality'), app_priority: u32('Priority.') }),
          }),
          [`${MODULE}:sdqkdn_application_disconnected?`]: object('Gone.', {
            qkd_application: object('They.', { app_id: UUID }),
          }),
          [`${MODULE}:sdqkdn_interface_new?`]: object('A new device.', { qkd_interface: object('It.', interfaceItem) }),
          [`${MODULE}:sdqkdn_interface_down?`]: object('A device does not work.', {
            qkd_interface: object('It.', { qkdi_id: interfaceItem.qkdi_id, reason: text('Why.') }),
          }),
          [`${MODULE}:sdqkdn_interface_out?`]: object('A device is gone.', {
            qkd_interface: object('It.', { qkdi_id: interfaceItem.qkdi_id }),
          }),
          [`${MODULE}:sdqkdn_link_down?`]: object('A link went down, by an eavesdropper for instance.', {
            qkd_link: object('It.', { ...linkId, reason: text('Why.') }),
          }),
          [`${MODULE}:sdqkdn_link_perf_update?`]: object('A link does better or worse.', {
            qkd_link: object('It.', { ...linkId, performance: ref('Performance') }),
          }),
          [`${MODULE}:sdqkdn_link_overloaded?`]: object('More is demanded of a link than it makes.', {
            qkd_link: object('It.', { ...linkId, performance: object('How it goes.', figures) }),
          }),
          [`${MODULE}:alarm?`]: ref('Report'),
          [`${MODULE}:event?`]: ref('Report'),
        }),
      }),
      Errors: object('RFC 8040, 7.1.', {
        'ietf-restconf:errors': object('Errors.', {
          error: list(
            'One.',
            object('An error.', {
              'error-type': text('Where it arose.', { enum: ['protocol'] }),
              'error-tag': text('Which.', {
                enum: ['invalid-value', 'access-denied', 'operation-not-supported', 'operation-failed'],
              }),
              'error-message': text('For people.'),
            }),
            { minItems: 1 },
          ),
        }),
      }),
    },
  },
};
