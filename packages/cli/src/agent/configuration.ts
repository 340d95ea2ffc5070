/** The document of an agent: one tunnel, JSON, checked in full before anything is touched. */
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import { CliError } from '../error.ts';
import { readText } from '../file.ts';

const PATH = 'the path of a file';
const PLACE = 'host:port, as in 192.0.2.1:7311 or [2001:db8::1]:7311';
const ID = 'the id of an SAE: 1 to 255 characters, no spaces';
const SECONDS = 'a number of seconds';

const path = z.string(PATH).min(1, PATH);
const place = z
  .string(PLACE)
  .regex(/^(\[[0-9A-Fa-f:.]+\]|[^\s:[\]]+):\d{1,5}$/, PLACE)
  .refine((text) => portOf(text) >= 0 && portOf(text) <= 65535, PLACE);
const sae = z.string(ID).regex(/^[!-~]{1,255}$/, ID);
const seconds = (least: number, most: number) => {
  const rule = `${SECONDS} from ${least} to ${most}`;
  return z.number(rule).min(least, rule).max(most, rule);
};

const line = {
  /** Authority of the SAEs' certificates. */
  ca: path,
  /** Its list of those that were revoked. */
  crl: path.optional(),
  /** Certificate and key of this SAE, when they are others than towards the KME. */
  cert: path.optional(),
  key: path.optional(),
};

const common = {
  format: z.literal('skykey-agent/1'),
  /** This end's SAE, as its certificate says. */
  sae,
  /** The other end's. */
  peer: sae,
  kme: z.strictObject({
    url: z.url({ protocol: /^https$/, error: 'an address that begins with https://' }),
    kmeId: z.string().min(1).optional(),
    ca: path,
    cert: path,
    key: path,
  }),
  /** Exactly one of the two ends has `connect`, and leads; the other `listen`. */
  line: z.union(
    [z.strictObject({ connect: place, ...line }), z.strictObject({ listen: place, ...line })],
    'an object with "ca", either "connect" or "listen" (host:port), and at most "crl", "cert" and "key" besides',
  ),
  rotateS: seconds(1, 86_400).default(60),
  maxKeyAgeS: seconds(2, 604_800).default(180),
  checkS: seconds(0.1, 3600).default(5),
  /** Where the age of the key outlives the agent. */
  memory: path.optional(),
  /** What becomes of a tunnel whose key's link is under alarm, when there is no other key. */
  onAlarm: z.enum(['close', 'keep'], '"close" or "keep"').default('close'),
  /** What becomes of the tunnel when the agent is ended in order. */
  onEnd: z.enum(['close', 'keep'], '"close" or "keep"').default('close'),
};

const PUBLIC_KEY = 'the public key of the peer: 44 characters of base64, as "wg show" prints it';
const INTERFACE = 'the name of an interface, at most 15 characters';
const SELECTORS = 'a list of networks, as in ["10.1.0.0/16"]: "dynamic" would leave nothing to close';
const START = 'left out, or "none": the agent starts and ends the tunnel';

const selectors = z.array(z.string(SELECTORS).min(1, SELECTORS), SELECTORS).min(1, SELECTORS);
const byAgent = z.literal('none', START).optional();
type Section = { [name: string]: string | string[] | Section };
const section: z.ZodType<Section> = z.lazy(() =>
  z.record(
    z.string().min(1),
    z.union([z.string(), z.array(z.string()), section], 'text, a list of texts or a section, as in swanctl.conf'),
  ),
);

const child = z
  .object({
    local_ts: selectors,
    remote_ts: selectors,
    start_action: byAgent,
    close_action: byAgent,
    dpd_action: z.enum(['none', 'clear'], '"clear", "none" or left out: the agent starts the tunnel').optional(),
    mode: z.literal('tunnel', 'left out, or "tunnel"').optional(),
  })
  .catchall(z.union([z.string(), z.array(z.string())], 'text or a list of texts, as in swanctl.conf'));

const definition = z
  .object({
    version: z.literal('2', 'left out, or "2": IKEv1 has no PPK').optional(),
    ppk_id: z.never('left out: it is the id of the key').optional(),
    ppk_required: z.literal('yes', 'left out, or "yes": without a PPK there shall be no tunnel').optional(),
    children: z.record(z.string().min(1), child).refine((some) => Object.keys(some).length > 0, 'at least one child'),
  })
  .catchall(
    z.union([z.string(), z.array(z.string()), section], 'text, a list of texts or a section, as in swanctl.conf'),
  );

const wireguard = z.strictObject({
  ...common,
  wireguard: z.strictObject({
    interface: z.string(INTERFACE).regex(/^[A-Za-z0-9_=+.-]{1,15}$/, INTERFACE),
    peer: z.string(PUBLIC_KEY).regex(/^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/, PUBLIC_KEY),
  }),
});

const ipsec = z.strictObject({
  ...common,
  ipsec: z.strictObject({
    socket: path.default('/var/run/charon.vici'),
    connection: z.string().regex(/^[A-Za-z0-9_-]{1,60}$/, 'a name of letters, digits, - and _'),
    definition,
  }),
});

const SCHEMAS = { wireguard, ipsec };

export type TunnelKind = keyof typeof SCHEMAS;
export type AgentConfiguration<K extends TunnelKind = TunnelKind> = z.infer<(typeof SCHEMAS)[K]>;

/**
 * Reads the document; paths in it are from where it stands.
 * @throws CliError `agent/configuration`: one sentence with the field and what would be right
 */
export function loadAgent<K extends TunnelKind>(kind: K, file: string): AgentConfiguration<K> {
  const refuse = (problem: string): CliError => new CliError('agent/configuration', `${file}: ${problem}`);
  const text = readText('--config', file);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw refuse(`it is not JSON: ${(error as Error).message.slice(0, 100)}`);
  }
  const read = SCHEMAS[kind].safeParse(json);
  if (!read.success) {
    const issue = read.error.issues[0]!;
    const field = issue.path.join('.') || 'the document';
    if (issue.code === 'unrecognized_keys') throw refuse(`${field} must not have a member "${issue.keys[0]}"`);
    throw refuse(`${field} must be ${issue.message.replace(/^Invalid input: expected /, '')}`);
  }
  const found = read.data as AgentConfiguration<K>;
  if (found.sae === found.peer) throw refuse('peer must be another SAE than sae');
  if (found.maxKeyAgeS <= found.rotateS) {
    throw refuse(
      `maxKeyAgeS must be greater than rotateS (${found.rotateS}): else every key is too old before the next`,
    );
  }
  return withPaths(found, dirname(resolve(file)));
}

function withPaths<K extends TunnelKind>(document: AgentConfiguration<K>, folder: string): AgentConfiguration<K> {
  const at = <T extends object>(group: T, fields: readonly string[]): T =>
    Object.fromEntries(
      Object.entries(group).map(([name, value]) => [
        name,
        fields.includes(name) && typeof value === 'string' ? resolve(folder, value) : value,
      ]),
    ) as T;
  const files = ['ca', 'crl', 'cert', 'key'];
  const placed = { ...at(document, ['memory']), kme: at(document.kme, files), line: at(document.line, files) };
  if (!('ipsec' in placed)) return placed;
  const { ipsec } = placed;
  return { ...placed, ipsec: { ...ipsec, definition: filesOf(ipsec.definition, folder) as typeof ipsec.definition } };
}

/** Lists of swanctl.conf that name files. */
export const FILE_LISTS: readonly string[] = ['certs', 'cacerts', 'pubkeys'];

function filesOf(part: object, folder: string): object {
  return Object.fromEntries(
    Object.entries(part).map(([name, value]) => {
      if (Array.isArray(value)) {
        return [name, FILE_LISTS.includes(name) ? value.map((file: string) => resolve(folder, file)) : value];
      }
      return [name, typeof value === 'object' ? filesOf(value as object, folder) : value];
    }),
  );
}

/** Host and port of a place. */
export function hostAndPort(text: string): { host: string; port: number } {
  return { host: text.slice(0, text.lastIndexOf(':')).replace(/^\[|\]$/g, ''), port: portOf(text) };
}

function portOf(text: string): number {
  return Number(text.slice(text.lastIndexOf(':') + 1));
}
