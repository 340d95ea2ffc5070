/**
 * Two of Skykey's KMEs, as `skykey kme` runs them, that share a couriered key, and certificates for an SAE at each: what an
 * agent needs around it. Both are in this process; between them lies a line that can be cut.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { ClientError, KmeClient } from '@skykey/client';
import { type RunningKme, runKme } from '@skykey/node';
import { Authority } from './authority.ts';

export interface KmePair {
  /** `https://127.0.0.1:port` of the KME of `gw-a`, and of that of `gw-b`. */
  readonly a: string;
  readonly b: string;
  /**
   * Paths: `kme-ca.crt`, `sae-ca.crt`, `gw-a.crt`, `gw-a.key`, `gw-b.crt`, `gw-b.key`; besides, at the second KME, `gw-c` who
   * is nobody's peer, and `gw-d` who may share keys with `gw-a`.
   */
  readonly certificates: string;
  /** From now on neither reaches the other, so that both answer 503; or again as they should. */
  away(away: boolean): void;
  /** The link is under alarm, and nothing is left. */
  alarm(reason: string): Promise<void>;
  /** Every key that they can hand out, to be looked for where it must not be. */
  readonly material: readonly Buffer[];
  close(): Promise<void>;
}

const LINK = 'courier-a-b';
const KEY_BYTES = 32;
const SITES = ['a', 'b'] as const;
const SAES = { 'gw-a': 'a', 'gw-b': 'b', 'gw-c': 'b', 'gw-d': 'b' };

/** `courierBytes`: of the key that the two share. */
export async function startKmePair({ courierBytes = 128 * 1024 } = {}): Promise<KmePair> {
  // Their log is not the test's.
  process.env.SKYKEY_LOG ??= 'silent';
  const { certificates: folder, remove } = makeCertificates();
  const at = (...names: string[]): string => join(folder, ...names);
  const write = (name: string, content: string | Uint8Array): void => writeFileSync(at(name), content, { mode: 0o600 });
  const json = (name: string, document: object): void => write(name, JSON.stringify(document));
  const lines = { a: await CutLine.open(), b: await CutLine.open() };
  const courier = randomBytes(courierBytes);
  const proof = 'carried by courier';
  json('network.json', {
    format: 'skykey-network/1',
    nodes: SITES.map((id) => ({ id, kind: 'site', jurisdiction: 'FR' })),
    links: [{ id: LINK, ends: SITES, proof, epsSec: 0, epsCor: 0 }],
    kmes: SITES.map((site) => ({
      kmeId: `kme-${site}`,
      siteId: site,
      peerUrl: `https://127.0.0.1:${lines[site].port}`,
    })),
    saes: Object.entries(SAES).map(([saeId, site]) => ({ saeId, kmeId: `kme-${site}` })),
  });
  const common = { maxRelays: 0, epsSec: 1e-9, epsCor: 1e-12, proofs: [proof] };
  const rules = ['gw-b', 'gw-d'].map((other) => ({ between: ['gw-a', other], ...common }));
  json('policy.json', { format: 'skykey-policy/1', rules });
  const running: RunningKme[] = [];
  const close = async (): Promise<void> => {
    for (const kme of running) await kme.stop();
    for (const site of SITES) await lines[site].close();
    remove();
  };
  try {
    for (const site of SITES) {
      const other = site === 'a' ? 'b' : 'a';
      const own = { cert: at(`kme-${site}.crt`), key: at(`kme-${site}.key`) };
      mkdirSync(at(site), { mode: 0o700 });
      write(`${site}/courier.key`, courier);
      json(`${site}.json`, {
        ...{ format: 'skykey-kme/1', kmeId: `kme-${site}`, siteId: site, keyring: at(site, 'keyring') },
        vault: { kind: 'sqlite', path: at(site, 'vault.db') },
        ...{ network: at('network.json'), policy: at('policy.json') },
        listen: { host: '127.0.0.1', etsi014: 0, peers: 0, operations: 0 },
        tls: { saes: { ...own, ca: at('sae-ca.crt') }, kmes: { ...own, ca: at('kme-ca.crt') } },
        couriers: [{ peer: `kme-${other}`, file: at(site, 'courier.key') }],
      });
      const kme = await runKme(at(`${site}.json`));
      running.push(kme);
      lines[site].leadTo(kme.ports.peers!);
    }
    const [a, b] = running.map(({ ports }) => `https://127.0.0.1:${ports.etsi014}`) as [string, string];
    const material = keysOf(courier);
    await meet(a, at, material);
    return {
      ...{ a, b, certificates: folder, material, close },
      away: (away) => {
        for (const site of SITES) lines[site].cut(away);
      },
      alarm: async (reason) => {
        await running[0]!.kme.raiseAlarm(LINK, reason);
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Certificates alone, in a folder as that of the pair. */
export function makeCertificates(): { readonly certificates: string; readonly remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'skykey-agent-'));
  const write = (name: string, text: string): void => writeFileSync(join(folder, name), text, { mode: 0o600 });
  const saes = new Authority('SAEs');
  const kmes = new Authority('KMEs');
  write('sae-ca.crt', saes.cert);
  write('kme-ca.crt', kmes.cert);
  const issued = [
    ...Object.keys(SAES).map((sae) => [sae, saes.issue(sae, `URI:urn:skykey:${sae}`)] as const),
    ...['kme-a', 'kme-b'].map((kme) => [kme, kmes.issue(kme, `URI:urn:skykey:${kme},IP:127.0.0.1`)] as const),
  ];
  for (const [name, { cert, key }] of issued) {
    write(`${name}.crt`, cert);
    write(`${name}.key`, key);
  }
  saes.remove();
  kmes.remove();
  return { certificates: folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Until the two have found each other. The key that comes of it is one of the material: else nothing could be looked for. */
async function meet(url: string, at: (name: string) => string, material: readonly Buffer[]): Promise<void> {
  const [ca, cert, key] = ['kme-ca.crt', 'gw-a.crt', 'gw-a.key'].map((name) => readFileSync(at(name)));
  await using client = new KmeClient({ url, ca: ca!, cert: cert!, key: key!, kmeId: 'kme-a' });
  for (let tries = 1; ; tries++) {
    try {
      const [first] = await client.getKeys('gw-b', { size: KEY_BYTES * 8 });
      const isKnown = first!.key.open((bytes) => material.some((one) => one.equals(bytes)));
      first!.key.wipe();
      if (!isKnown) throw new Error('the keys of the KMEs are not where this test looks for them');
      return;
    } catch (error) {
      if (!(error instanceof ClientError) || tries === 100) throw error;
      await pause(100);
    }
  }
}

/** As both ends cut it (`courier.ts` of the node): a name, an eighth for the messages of each, a half of the rest for each. */
function keysOf(courier: Buffer): Buffer[] {
  const rest = courier.subarray(32);
  const pads = Math.floor(rest.length / 8 / 16) * 16;
  const half = Math.floor((rest.length - 2 * pads) / 2);
  const keys: Buffer[] = [];
  for (const from of [2 * pads, 2 * pads + half]) {
    for (let offset = 0; offset + KEY_BYTES <= half; offset += KEY_BYTES) {
      keys.push(Buffer.from(rest.subarray(from + offset, from + offset + KEY_BYTES)));
    }
  }
  return keys;
}

/** A way to a server of this machine that can be cut, and mended. */
class CutLine {
  readonly port: number;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #target = 0;
  #isCut = false;

  static async open(): Promise<CutLine> {
    const server = createServer({ allowHalfOpen: true });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new CutLine(server);
  }

  private constructor(server: Server) {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
    server.on('connection', (from) => {
      if (this.#isCut || this.#target === 0) return void from.destroy();
      const to = connect({ host: '127.0.0.1', port: this.#target, allowHalfOpen: true });
      for (const [one, other] of [
        [from, to],
        [to, from],
      ] as const) {
        this.#sockets.add(one);
        one.on('error', () => other.destroy());
        one.on('close', () => {
          this.#sockets.delete(one);
          other.destroy();
        });
        one.pipe(other);
      }
    });
  }

  leadTo(port: number): void {
    this.#target = port;
  }

  cut(isCut: boolean): void {
    this.#isCut = isCut;
    if (isCut) for (const socket of this.#sockets) socket.destroy();
  }

  close(): Promise<void> {
    this.cut(true);
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }
}
