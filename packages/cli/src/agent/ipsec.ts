/**
 * strongSwan's post-quantum pre-shared key (RFC 8784), through vici. A PPK is mixed in when an IKE SA is made and not
 * later, so that each new key is a new IKE SA beside the old one, which goes when the new one carries its children. The
 * key id is the PPK_ID, and the two agents compare the SPIs: one key, one IKE SA.
 *
 * `ppk_required = yes` always: without it charon would go on without a PPK (NO_PPK_AUTH). A shunt that drops what the
 * children would carry lies under them, so that no packet leaves in clear while there is no tunnel.
 */
import { readFileSync } from 'node:fs';
import { CliError } from '../error.ts';
import { FILE_LISTS } from './configuration.ts';
import type { Tunnel, TunnelKey } from './tunnel.ts';
import { Vici } from './vici.ts';
import type { ViciAnswer, ViciSection, ViciValue } from './vici-message.ts';

/** A child as in swanctl.conf. */
export interface ChildDefinition {
  readonly local_ts: readonly string[];
  readonly remote_ts: readonly string[];
  readonly [option: string]: ViciValue;
}

/** A connection as in swanctl.conf, without the key id, which is the agent's. */
export interface ConnectionDefinition {
  readonly children: { readonly [name: string]: ChildDefinition };
  readonly [option: string]: ViciValue;
}

export interface IpsecOptions {
  /** Path of charon's vici socket. */
  readonly socket: string;
  readonly connection: string;
  readonly definition: ConnectionDefinition;
}

const INITIATE_LIMIT_MS = 15_000;
/** To wait for the answer to a DELETE; the SA is gone here in any case. */
const DELETE_LIMIT_MS = 1000;

interface IkeSa {
  readonly id: string;
  readonly spis: string;
  readonly established: boolean;
  readonly ppk: boolean;
  /** Names of the children that carry traffic. */
  readonly children: readonly string[];
}

export class Ipsec implements Tunnel {
  readonly kind = 'ipsec';
  readonly name: string;
  readonly #socket: string;
  readonly #connection: string;
  readonly #definition: ViciSection;
  readonly #children: ConnectionDefinition['children'];
  #vici: Vici | null = null;
  /** SPIs of the IKE SA in use. */
  #inUse: string | null = null;

  constructor(options: IpsecOptions) {
    this.#socket = options.socket;
    this.#connection = options.connection;
    this.#children = options.definition.children;
    this.#definition = withFiles(options.definition);
    this.name = `IPsec ${options.connection}`;
  }

  async open(): Promise<void> {
    const vici = await this.#line();
    const { daemon } = await vici.request('version');
    if (typeof daemon !== 'string') throw new CliError('agent/tunnel', `${this.#socket} is not charon's`);
    await this.#guard(vici);
  }

  async install({ keyId, key }: TunnelKey): Promise<void> {
    const vici = await this.#line();
    await this.#guard(vici);
    const data = key.open((bytes) => new Uint8Array(bytes));
    try {
      await vici.request('load-shared', { id: this.#secretId(keyId), type: 'ppk', data, owners: [keyId] });
    } finally {
      data.fill(0);
    }
    await vici.request('load-conn', {
      [this.#connection]: { ...this.#definition, version: '2', ppk_id: keyId, ppk_required: 'yes' },
    });
  }

  async start(keyId: string): Promise<string> {
    const vici = await this.#line();
    const before = new Set((await this.#sas()).map(({ spis }) => spis));
    for (const child of Object.keys(this.#children)) {
      // charon compares connections with their PPK_ID: a new key finds no IKE SA to be added to, its second child does.
      await vici.request('initiate', {
        child,
        ike: this.#connection,
        timeout: String(INITIATE_LIMIT_MS),
        'init-limits': 'no',
      });
    }
    const made = (await this.#sas()).filter(({ spis }) => !before.has(spis));
    if (made.length !== 1) {
      throw new CliError(
        'agent/tunnel',
        `${this.name}: ${made.length} IKE SAs came up for key ${keyId} where one should`,
      );
    }
    this.#check(made[0]!, keyId);
    this.#inUse = made[0]!.spis;
    return made[0]!.spis;
  }

  async verify(keyId: string, evidence: string): Promise<void> {
    const sa = (await this.#sas()).find(({ spis }) => spis === evidence);
    if (!sa) {
      throw new CliError(
        'agent/tunnel',
        `${this.name}: the IKE SA that the other agent sees for key ${keyId} is not here`,
      );
    }
    this.#check(sa, keyId);
    this.#inUse = sa.spis;
  }

  async retire(keyId: string): Promise<void> {
    const vici = await this.#line();
    for (const sa of await this.#sas()) {
      if (sa.spis !== this.#inUse) await this.#terminate(vici, { 'ike-id': sa.id });
    }
    await this.#unload(vici, keyId);
  }

  async wrong(isOpen: boolean): Promise<string | null> {
    const sas = await this.#sas();
    // charon started anew has no guard any more.
    await this.#guard(await this.#line());
    if (!isOpen) return sas.length > 0 ? 'it has an IKE SA that this agent did not ask for' : null;
    const one = sas.find(({ spis, established }) => established && (this.#inUse === null || spis === this.#inUse));
    // charon makes a new IKE SA out of the old one when it rekeys, under the same secrets (RFC 8784, 3).
    const successor = one ?? sas.find(({ established }) => established);
    if (!successor) return 'it has no IKE SA';
    if (!successor.ppk) return 'its IKE SA was made without a PPK';
    this.#inUse = this.#inUse && successor.spis;
    const idle = Object.keys(this.#children).filter((name) => !successor.children.includes(name));
    return idle.length > 0 ? `its child ${idle[0]} is down` : null;
  }

  async shut(): Promise<void> {
    const vici = await this.#line();
    await this.#guard(vici);
    // First nobody can make a new one, then those that stand go.
    const loaded = await vici.request('get-conns');
    if (Array.isArray(loaded.conns) && loaded.conns.includes(this.#connection)) {
      await vici.request('unload-conn', { name: this.#connection });
    }
    await this.#unload(vici, null);
    for (const sa of await this.#sas()) await this.#terminate(vici, { 'ike-id': sa.id });
    this.#inUse = null;
    const left = await this.#sas();
    if (left.length > 0) throw new CliError('agent/tunnel', `${this.name}: ${left.length} IKE SAs cannot be ended`);
  }

  release(): void {
    this.#vici?.close();
    this.#vici = null;
  }

  /** A line to charon, a new one when it has been started again. */
  async #line(): Promise<Vici> {
    if (!this.#vici?.open) this.#vici = await Vici.connect(this.#socket, INITIATE_LIMIT_MS + 5000);
    return this.#vici;
  }

  #secretId(keyId: string): string {
    return `skykey/${this.#connection}/${keyId}`;
  }

  /** Drops what the children would carry; charon puts it below every tunnel. Loading it again changes nothing. */
  async #guard(vici: Vici): Promise<void> {
    const guard = `${this.#connection}-guard`;
    const children = Object.fromEntries(
      Object.entries(this.#children).map(([name, { local_ts, remote_ts }]) => [
        `${name}-guard`,
        { local_ts, remote_ts, mode: 'drop', start_action: 'trap' },
      ]),
    );
    const installed = await vici.list('list-policies', 'list-policy', { drop: 'yes' });
    const names = installed.flatMap((policy) => Object.keys(policy));
    if (Object.keys(children).every((name) => names.some((policy) => policy.endsWith(`/${name}`)))) return;
    await vici.request('load-conn', {
      [guard]: { version: '2', remote_addrs: ['127.0.0.1'], local: { auth: 'psk' }, remote: { auth: 'psk' }, children },
    });
  }

  async #sas(): Promise<IkeSa[]> {
    const vici = await this.#line();
    const events = await vici.list('list-sas', 'list-sa', { ike: this.#connection });
    return events.flatMap((event) => {
      const sa = event[this.#connection];
      return typeof sa === 'object' && !Array.isArray(sa) ? [ikeSa(sa)] : [];
    });
  }

  #check(sa: IkeSa, keyId: string): void {
    const idle = Object.keys(this.#children).filter((name) => !sa.children.includes(name));
    const wrong = !sa.established
      ? 'is not established'
      : !sa.ppk
        ? 'was made without the PPK'
        : idle.length > 0
          ? `does not carry its child ${idle[0]}`
          : null;
    if (wrong) throw new CliError('agent/tunnel', `${this.name}: the IKE SA for key ${keyId} ${wrong}`);
  }

  async #terminate(vici: Vici, which: ViciSection): Promise<void> {
    try {
      await vici.request('terminate', { ...which, force: 'yes', timeout: String(DELETE_LIMIT_MS) });
    } catch (error) {
      // The other agent may have ended it a moment ago; what is left is looked at afterwards.
      if (!(error instanceof CliError) || !/refused terminate/.test(error.message)) throw error;
    }
  }

  async #unload(vici: Vici, but: string | null): Promise<void> {
    const { keys } = await vici.request('get-shared');
    for (const id of Array.isArray(keys) ? keys : []) {
      const ours = id.startsWith(this.#secretId(''));
      if (ours && (but === null || id !== this.#secretId(but))) await vici.request('unload-shared', { id });
    }
  }
}

function ikeSa(sa: ViciAnswer): IkeSa {
  const text = (field: string): string => (typeof sa[field] === 'string' ? sa[field] : '');
  const children = Object.values((sa['child-sas'] as ViciAnswer | undefined) ?? {}) as ViciAnswer[];
  return {
    id: text('uniqueid'),
    spis: `${text('initiator-spi')} ${text('responder-spi')}`,
    established: text('state') === 'ESTABLISHED',
    ppk: text('ppk') === 'yes',
    children: children.filter(({ state }) => state === 'INSTALLED').map(({ name }) => String(name)),
  };
}

/** swanctl.conf names files where vici takes what is in them. */
function withFiles(definition: ViciSection): ViciSection {
  const read = (path: string): Uint8Array => {
    try {
      return readFileSync(path);
    } catch (error) {
      throw new CliError(
        'agent/configuration',
        `ipsec.definition names a file that cannot be read: ${(error as Error).message}`,
      );
    }
  };
  return Object.fromEntries(
    Object.entries(definition).map(([name, value]) => {
      if (FILE_LISTS.includes(name) && Array.isArray(value)) return [name, value.map((path) => read(String(path)))];
      const isSection = typeof value === 'object' && !Array.isArray(value) && !(value instanceof Uint8Array);
      return [name, isSection ? withFiles(value as ViciSection) : value];
    }),
  );
}
