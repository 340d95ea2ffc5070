import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import {
  type AccessCell,
  accessMatrix,
  ENDPOINTS,
  Kme,
  type OpenResponse,
  POLICY_FORMAT,
  type Policy,
  readPolicy,
  SDN_DATA_ROOT,
  STATUS,
} from '@skykey/kme';
import type { Vault } from '@skykey/vault';
import { developmentCertificates } from '../pki/development.ts';
import { PeerClients } from '../wire/peer-client.ts';
import { openVault } from './open-vault.ts';
import { KME_PATH } from './peer-kmes.ts';
import { Caller, keysOf } from './trial/caller.ts';
import { KmeProcess } from './trial/kme-process.ts';
import { call004, type Heard, knock, type Shown } from './trial/knock.ts';
import { kmeOf, Stage } from './trial/stage.ts';

const COMMAND = [process.execPath, fileURLToPath(new URL('../../../cli/bin/skykey.js', import.meta.url))];
const SAES = { a1: 'alpha', a2: 'alpha', b1: 'beta', b2: 'beta', c1: 'gamma' };
const PAIRS = [
  ['a1', 'b1'],
  ['a1', 'c1'],
  ['a2', 'b1'],
] as const;
const SITES = ['alpha', 'beta', 'gamma'];
const STRANGER = 'zoe';
const OPERATOR = 'op';
const QOS = {
  chunkBytes: 32,
  maxBps: 0,
  minBps: 0,
  jitterBps: 0,
  priority: 0,
  timeoutMs: 200,
  ttlS: 60,
  metadataType: '',
};

type Verdict = AccessCell['expected'];

/** Row 7 of the milestone: every role at every endpoint about every object, over the real doors of a running key manager. */
describe('the access matrix of a running key manager', { timeout: 180_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'skykey-access-'));
  const processes = new Map<string, KmeProcess>();
  const vaults: { close(): unknown }[] = [];
  const callers = new Map<string, Caller>();
  let stage: Stage;
  let cells: readonly AccessCell[];

  before(async () => {
    stage = await Stage.build({
      ...{ folder, seed: 'access', courierBytes: 256 * 1024, saes: SAES, pairs: PAIRS, strangers: [STRANGER] },
      couriers: [
        ['alpha', 'beta'],
        ['alpha', 'gamma'],
      ],
      doors: ['etsi014', 'peers', 'operations', 'etsi004', 'skip'],
    });
    // Of authorities that no door here trusts.
    await developmentCertificates(join(folder, 'elsewhere'), { saes: [OPERATOR], kmes: [] }, Date.now());
    for (const site of SITES) {
      processes.set(site, new KmeProcess({ command: COMMAND, config: stage.path(`${site}.json`) }));
    }
    for (const [site, process] of processes) assert.ok(await process.ready, `${site}: ${process.stderr}`);
    for (const saeId of Object.keys(SAES)) callers.set(saeId, new Caller(stage, saeId));
    cells = accessMatrix({
      policy: policyOf(PAIRS),
      kmeId: 'kme-alpha',
      kmeOf: new Map(Object.entries(SAES).map(([saeId, site]) => [saeId, kmeOf(site)])),
      operators: [OPERATOR],
      stranger: STRANGER,
    });
  });
  after(async () => {
    for (const caller of callers.values()) caller.close();
    for (const vault of vaults) await vault.close();
    await Promise.all([...processes.values()].map((process) => process.end()));
    rmSync(folder, { recursive: true, force: true });
  });

  const shownBy = (role: AccessCell['role'], caller: string | null): Shown => {
    const { ca } = stage.identity('kme-alpha');
    if (caller === null) return { ca };
    if (role !== 'operator') return stage.identity(caller);
    const file = (name: string): Buffer => readFileSync(join(folder, 'elsewhere', name));
    return { ca, cert: file(`${OPERATOR}.crt`), key: file(`${OPERATOR}.key`) };
  };

  /** Tries every cell of some endpoints; `ask` says what came of it. */
  async function tryAll(names: readonly string[], ask: (cell: AccessCell) => Promise<Verdict>): Promise<number> {
    const wrong: string[] = [];
    const own = cells.filter(({ endpoint }) => names.includes(endpoint));
    assert.equal(own.length > 0, true);
    for (const cell of own) {
      const verdict = await ask(cell);
      if (verdict !== cell.expected) {
        wrong.push(
          `${cell.role} ${cell.caller} at ${cell.endpoint} about ${cell.object}: ${verdict}, not ${cell.expected}`,
        );
      }
    }
    assert.deepEqual(wrong, []);
    assert.ok(own.some(({ expected }) => expected === 'pass'));
    return own.length;
  }

  const verdict014 = (heard: Heard): Verdict => {
    if (heard === 'handshake') return 'handshake';
    if (heard.status === 200) return 'pass';
    if (heard.status === 401) return 'unauthorized';
    assert.equal(heard.status, 400, heard.text);
    return 'unknown-sae';
  };

  /** A key that the master got for the slave, who has not fetched it. */
  async function keyFor(master: string, slave: string): Promise<string> {
    for (let tries = 0; ; tries++) {
      const answer = await callers.get(master)!.encKeys(slave);
      if (answer?.status === 200) return keysOf(answer)[0]!.key_ID;
      assert.ok(answer?.status === 503 && tries < 100, `${master} gets no key: ${answer?.status}`);
      await pause(100);
    }
  }

  /** One key for each pair about which it is asked, new when the one before was fetched. */
  function waitingKeys() {
    const known = new Map<string, string>();
    return {
      get: async (master: string, slave: string): Promise<string> => {
        const name = `${master} ${slave}`;
        if (!known.has(name)) known.set(name, await keyFor(master, slave));
        return known.get(name)!;
      },
      fetched: (master: string, slave: string): void => void known.delete(`${master} ${slave}`),
      all: () => known.entries(),
    };
  }

  test('has a way to try every endpoint that it names', () => {
    const tried = [
      '014 status',
      '014 enc_keys',
      '014 dec_keys',
      '004 open',
      'SKIP key',
      'SKIP key by id',
      'peer assign',
      '015 node',
      'metrics',
    ];
    assert.deepEqual(tried.sort(), ENDPOINTS.map(({ name }) => name).sort());
    assert.equal(cells.length, 572);
  });

  test('ETSI GS QKD 014: status and keys', async () => {
    await keyFor('a1', 'b1');
    await keyFor('a1', 'c1');
    await tryAll(['014 status', '014 enc_keys'], async ({ role, caller, endpoint, object }) => {
      const path = `/api/v1/keys/${object[0]}/${endpoint.slice(4)}`;
      return verdict014(await knock(shownBy(role, caller), stage.port('alpha', 'etsi014'), { path }));
    });
  });

  test('ETSI GS QKD 014: a key goes to its slave alone, whoever asked before', async () => {
    const keys = waitingKeys();
    await tryAll(['014 dec_keys'], async ({ role, caller, object }) => {
      const [master, slave] = object as [string, string];
      const path = `/api/v1/keys/${master}/dec_keys?key_ID=${await keys.get(master, slave)}`;
      const verdict = verdict014(await knock(shownBy(role, caller), stage.port('alpha', 'etsi014'), { path }));
      if (verdict === 'pass') keys.fetched(master, slave);
      return verdict;
    });
    for (const [name, id] of keys.all()) {
      const [master, slave] = name.split(' ') as [string, string];
      assert.equal((await callers.get(slave)!.decKeys(master, [id]))?.status, 200, `${name} is still there`);
    }
  });

  test('SKIP: a key, and a key by its id', async () => {
    const keys = waitingKeys();
    await tryAll(['SKIP key', 'SKIP key by id'], async ({ role, caller, endpoint, object, expected }) => {
      const byId = endpoint === 'SKIP key by id';
      const id = byId ? `/${(await keys.get(object[0]!, object[1]!)).replaceAll('-', '')}` : '';
      const path = `/key${id}?remoteSystemID=sys-${object[0]}`;
      const heard = await knock(shownBy(role, caller), stage.port('alpha', 'skip'), { path });
      if (heard === 'handshake') return heard;
      if (heard.status === 200) {
        if (byId) keys.fetched(object[0]!, object[1]!);
        return 'pass';
      }
      // One answer for whatever cannot be had, so that nobody learns what there is (draft-cisco-skip-02).
      assert.ok(heard.status === 400 || heard.status === 401, heard.text);
      return expected === 'unknown-sae' ? 'unknown-sae' : 'unauthorized';
    });
  });

  test('ETSI GS QKD 004: a stream', async () => {
    await tryAll(['004 open'], async ({ role, caller, object, expected }) => {
      const uri = (saeId: string): string => `qkd://app@${saeId}`;
      const heard = await call004(shownBy(role, caller), stage.port('alpha', 'etsi004'), {
        ...{
          call: 'open',
          dialect: 'C',
          source: uri(caller ?? 'a1'),
          destination: uri(object[0]!),
          qos: QOS,
          ksid: null,
        },
      });
      if (heard === 'handshake') return heard;
      const { status } = heard as OpenResponse;
      const opened: readonly number[] = [STATUS.successful, STATUS.peerNotConnected, STATUS.qosNotMet];
      if (opened.includes(status)) return 'pass';
      assert.equal(status, STATUS.noConnection);
      return expected === 'unknown-sae' ? 'unknown-sae' : 'unauthorized';
    });
  });

  test('operations: on loopback without a certificate, and nowhere else', async () => {
    const outside = Object.values(networkInterfaces())
      .flat()
      .find((address) => address?.family === 'IPv4' && !address.internal)?.address;
    await tryAll(['metrics', '015 node'], async ({ role, caller, endpoint }) => {
      const path = endpoint === 'metrics' ? '/metrics' : `${SDN_DATA_ROOT}/etsi-qkd-sdn-node:qkd_node`;
      if (role === 'operator') {
        const response = await fetch(`http://127.0.0.1:${stage.port('alpha', 'operations')}${path}`);
        return response.status === 200 ? 'pass' : 'unauthorized';
      }
      // Whatever a certificate opens, it does not open this.
      for (const door of ['etsi014', 'peers', 'skip'] as const) {
        const heard = await knock(shownBy(role, caller), stage.port('alpha', door), { path });
        if (heard !== 'handshake' && heard.status < 400) return 'pass';
      }
      return outside !== undefined && (await answers(outside, stage.port('alpha', 'operations')))
        ? 'pass'
        : 'handshake';
    });
  });

  test('other key managers: each speaks for its own applications, to ours, as far as policy goes', async () => {
    for (const site of ['beta', 'gamma']) await processes.get(site)!.end();
    const liars = new Map<string, { vault: Vault; lines: PeerClients }>();
    for (const site of ['beta', 'gamma']) {
      const vault = await openVault(
        { vault: { kind: 'sqlite', path: stage.path(site, 'vault.db') }, keyring: stage.path(site, 'keyring') },
        kmeOf(site),
        { onTransaction: () => undefined, onCommit: () => undefined },
      );
      const lines = await PeerClients.open({ tls: stage.tls(kmeOf(site), 'kme') });
      vaults.push({ close: () => lines.close() }, vault);
      liars.set(kmeOf(site), { vault, lines });
    }
    const port = stage.port('alpha', 'peers');
    await tryAll(['peer assign'], async ({ role, caller, object }) => {
      const [master, slave] = object as [string, string];
      const liar = liars.get(caller ?? '');
      if (!liar) {
        const heard = await knock(shownBy(role, caller), port, { method: 'POST', path: KME_PATH, body: 'SKQ2' });
        return heard === 'handshake' ? heard : heard.status === 401 ? 'unauthorized' : 'pass';
      }
      // Its certificate and its one-time keys are right; what it says of the applications is what the cell wants to hear.
      const kme = new Kme({
        ...{
          kmeId: caller!,
          vault: liar.vault,
          uuid: randomUUID,
          now: Date.now,
          random: (bytes) => randomBytes(bytes),
        },
        kmes: SITES.map((siteId) => ({ kmeId: kmeOf(siteId), siteId })),
        saes: [
          { saeId: master, kmeId: caller! },
          { saeId: slave, kmeId: 'kme-alpha' },
        ],
        policy: policyOf([[master, slave]]),
        peers: [
          {
            node: 'alpha',
            link: {
              call: async (message) => (await liar.lines.post({ peerId: 'kme-alpha', port }, KME_PATH, message)).body,
            },
          },
        ],
      });
      return kme.keys.getKeys({ master, slaves: [slave], count: 1, bytes: 32 }).then(
        () => 'pass' as const,
        () => 'unauthorized' as const,
      );
    });
  });
});

function policyOf(pairs: readonly (readonly [string, string])[]): Policy {
  const rules = pairs.map((between) => {
    return { between, maxRelays: 0, epsSec: 1e-6, epsCor: 1e-6, proofs: ['carried by courier'] };
  });
  return readPolicy(new TextEncoder().encode(JSON.stringify({ format: POLICY_FORMAT, rules })));
}

/** Whether anybody listens there. */
function answers(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 2000 }, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('timeout', () => socket.destroy());
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(false));
  });
}
