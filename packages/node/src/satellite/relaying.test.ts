import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { SecretBytes } from '@skykey/bits';
import { Kme, type KmeOptions, keyLanes, readPolicy } from '@skykey/kme';
import type { RelayState } from '@skykey/telemetry';
import type { Vault } from '@skykey/vault';
import { laneCuts } from '../link/link.ts';
import { dialCalls, serveLinks } from '../link/link-service.ts';
import { openMissionVault } from '../mission-vault.ts';
import { CallLine, keepLine } from '../wire/call-line.ts';
import { Relaying } from './relaying.ts';

const SATELLITE = 'micius';
const SITES = ['beijing', 'moscow'] as const;
type SiteId = (typeof SITES)[number];
const linkOf = (siteId: SiteId): string => `${SATELLITE}-${siteId}`;
const BLOCK_BYTES = 40_000;

const onFault = (error: unknown): never => assert.fail(String(error));

const POLICY = readPolicy(
  new TextEncoder().encode(
    JSON.stringify({
      format: 'skykey-policy/1',
      rules: [
        {
          between: ['sae-beijing', 'sae-moscow'],
          ...{ maxRelays: 1, epsSec: 1e-6, epsCor: 1e-6, proofs: ['tilted'], simulated: true },
        },
      ],
    }),
  ),
);

interface World {
  readonly relaying: Relaying;
  readonly vaults: ReadonlyMap<string, Vault>;
  readonly kmes: ReadonlyMap<SiteId, Kme>;
  /** Messages of the satellite that a site has heard. */
  heard: number;
  /** The key of a session, released at both ends of a link, or at the satellite alone. */
  readonly share: (siteId: SiteId, at?: readonly ('satellite' | 'site')[]) => Promise<void>;
  readonly relays: () => Promise<RelayState[]>;
}

/** A satellite and two sites on real sockets; between the sites a function call. */
async function world(t: TestContext, options: { tickMs?: number } = {}): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'skykey-relaying-'));
  let nowMs = 1000;
  const now = (): number => nowMs++;
  const vaults = new Map<string, Vault>();
  for (const nodeId of [SATELLITE, ...SITES]) {
    vaults.set(
      nodeId,
      await openMissionVault({ path: join(folder, nodeId), keyring: join(folder, `${nodeId}.k`), now, nodeId }),
    );
  }
  const lines = new Map(
    SITES.map((siteId) => [
      linkOf(siteId),
      new CallLine({ peer: siteId, handle: (message) => relaying.handle(message) }),
    ]),
  );
  const vault = vaults.get(SATELLITE)!;
  const relaying = new Relaying({
    ...{ vault, satelliteId: SATELLITE, missionMs: now, onChange: () => undefined, onFault, ...options },
    sites: SITES.map((siteId) => ({ siteId, line: lines.get(linkOf(siteId))! })),
  });
  const service = await serveLinks(0, {
    session: assert.fail,
    calls: async (channel, linkId) => lines.get(linkId)!.attach(channel),
  });
  const kmes = new Map<SiteId, Kme>();
  const stops: (() => void)[] = [];
  const blocks = new Map<SiteId, { blockId: string; key: Uint8Array; createdAtMs: number }>();
  const made: World = {
    ...{ relaying, vaults, kmes, heard: 0 },
    async share(siteId, at = ['satellite', 'site']) {
      // What the satellite got alone is what the site gets later.
      const block = blocks.get(siteId) ?? { blockId: randomUUID(), key: randomBytes(BLOCK_BYTES), createdAtMs: now() };
      if (at.length === 1 && at[0] === 'satellite') blocks.set(siteId, block);
      else blocks.delete(siteId);
      const ends = { linkId: linkOf(siteId), satelliteId: SATELLITE, siteId };
      for (const end of at) {
        await vaults.get(end === 'satellite' ? SATELLITE : siteId)!.atomically(async (tx) => {
          const bytes = SecretBytes.adopt(new Uint8Array(block.key));
          await tx.hold({ blockId: block.blockId, bytes, labels: labels(siteId, block.createdAtMs) });
          await tx.release(block.blockId, laneCuts(ends, bytes.length));
        });
      }
    },
    relays: () => vault.atomically((tx) => relaying.states(tx)),
  };
  for (const siteId of SITES) {
    const other = SITES.find((id) => id !== siteId)!;
    const line = new CallLine({
      peer: SATELLITE,
      handle: (message) => {
        made.heard++;
        return kmes.get(siteId)!.handlePeer(message);
      },
    });
    const peers: KmeOptions['peers'] = [
      { node: other, link: { call: (message) => kmes.get(other)!.handlePeer(message) } },
      { node: SATELLITE, link: line },
    ];
    kmes.set(
      siteId,
      new Kme({
        kmeId: `kme-${siteId}`,
        kmes: SITES.map((id) => ({ kmeId: `kme-${id}`, siteId: id })),
        saes: SITES.map((id) => ({ saeId: `sae-${id}`, kmeId: `kme-${id}` })),
        ...{ policy: POLICY, peers, vault: vaults.get(siteId)!, uuid: randomUUID, now },
        random: (bytes) => new Uint8Array(randomBytes(bytes)),
      }),
    );
    await new Promise<void>((resolve) => {
      const dial = () => dialCalls(service.port, linkOf(siteId));
      stops.push(keepLine(line, dial, { onUp: resolve, redialMs: 5 }));
    });
  }
  t.after(async () => {
    for (const stop of stops) stop();
    service.close();
    await relaying.stop();
    for (const vault of vaults.values()) await vault.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return made;
}

const labels = (siteId: SiteId, createdAtMs: number) => ({
  originLinks: [linkOf(siteId)],
  routes: [[SATELLITE, siteId]],
  jurisdictions: [],
  ...{ epsSec: 1e-9, epsCor: 1e-15, proof: 'tilted', simulated: true, createdAtMs, expiresAtMs: null },
});

/** Waits for what other processes do by themselves. */
async function until(what: string, condition: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 2000; tries++) {
    if (await condition()) return;
    await pause(5);
  }
  assert.fail(`waited in vain for ${what}`);
}

async function bitsOf({ vaults }: World, siteId: SiteId): Promise<number> {
  const other = SITES.find((id) => id !== siteId)!;
  return vaults.get(siteId)!.atomically(async (tx) => {
    let bytes = 0;
    for (const lane of await tx.lanes(keyLanes(siteId, other))) bytes += await tx.available(lane);
    return bytes * 8;
  });
}

/** Both links have key, and it was joined and confirmed. */
async function joined(made: World): Promise<void> {
  const before = (await made.relays()).length;
  for (const siteId of SITES) await made.share(siteId);
  made.relaying.wake();
  const [beijing] = SITES;
  await until('the join', async () => {
    const relays = await made.relays();
    return relays.length > before && relays.every(({ state }) => state === 'confirmed');
  });
  await made.kmes.get(beijing)!.flush();
  for (const siteId of SITES) assert.ok((await bitsOf(made, siteId)) > 100_000, `${siteId} has no key`);
}

test('what two links have is joined, confirmed from end to end, and delivered once', async (t) => {
  const made = await world(t);
  await joined(made);
  const [relay] = await made.relays();
  assert.deepEqual(relay!.route, ['beijing', SATELLITE, 'moscow']);
  const [beijing, moscow] = SITES.map((siteId) => made.kmes.get(siteId)!.keys);
  const [drawn] = await beijing!.getKeys({ master: 'sae-beijing', slaves: ['sae-moscow'], count: 1, bytes: 32 });
  const fetch = { caller: 'sae-moscow', master: 'sae-beijing', keyIds: [drawn!.keyId] };
  const [fetched] = await moscow!.getKeysWithIds(fetch);
  const hex = ({ key }: { key: SecretBytes }): string => key.open((bytes) => Buffer.from(bytes).toString('hex'));
  assert.equal(hex(fetched!), hex(drawn!));
  assert.deepEqual(fetched!.labels.routes, [['beijing', SATELLITE, 'moscow']]);
  assert.deepEqual(fetched!.labels.originLinks.toSorted(), SITES.map(linkOf));
  await assert.rejects(moscow!.getKeysWithIds(fetch), { name: 'KeyRefusal', code: 'not-found' });
});

test('an alarm of the satellite closes both sites, and its reopening opens them', async (t) => {
  const made = await world(t);
  await joined(made);
  await made.relaying.raiseAlarm(linkOf('beijing'), 'tapped');
  assert.equal(await made.relaying.hasRaised(linkOf('beijing')), true);
  assert.equal(await made.relaying.hasRaised(linkOf('moscow')), false);
  const alarms = async (): Promise<number[]> =>
    Promise.all(SITES.map(async (siteId) => (await made.kmes.get(siteId)!.alarms()).length));
  await until('the alarm', async () => (await alarms()).join() === '1,1');
  for (const siteId of SITES) assert.equal(await bitsOf(made, siteId), 0);
  await made.relaying.reopen(linkOf('beijing'));
  assert.equal((await alarms()).join(), '0,0');
  await joined(made);
});

test('an alarm of one site reaches the other through the satellite', async (t) => {
  const made = await world(t);
  await joined(made);
  const [beijing, moscow] = SITES.map((siteId) => made.kmes.get(siteId)!);
  // The line between the sites is cut for it.
  const cut = t.mock.method(moscow!, 'handlePeer', (message: Uint8Array) => {
    const sender = new TextDecoder().decode(message.subarray(4, 24));
    return sender.includes('beijing') ? Promise.reject(new Error('cut')) : moscow!.exchange.handle(message);
  });
  await beijing!.raiseAlarm(linkOf('beijing'), 'tapped');
  await beijing!.flush();
  await until('the alarm', async () => (await moscow!.alarms()).length === 1);
  assert.equal((await moscow!.alarms())[0]!.foundBy, 'beijing');
  assert.equal(await bitsOf(made, 'moscow'), 0);
  assert.ok(cut.mock.callCount() > 0);
});

test('a station that has not got its part yet is asked less and less often, and told when it has', async (t) => {
  const made = await world(t, { tickMs: 1 });
  await joined(made);
  await made.share('beijing');
  await made.share('moscow', ['satellite']);
  const before = made.heard;
  made.relaying.wake();
  await until('the first word', async () => made.heard > before);
  const begunMs = performance.now();
  await pause(300);
  // Beijing once; Moscow after 1, 2, 4 … 64 ticks and then every 64: every one of them costs a pad at each end.
  const asked = made.heard - before;
  const ticks = performance.now() - begunMs;
  assert.ok(asked <= 2 + 7 + ticks / 64, `${asked} messages in ${ticks} ticks at most`);
  await made.share('moscow', ['site']);
  made.relaying.wake();
  await until('the join', async () => (await made.relays()).every(({ state }) => state === 'confirmed'));
  assert.equal((await made.relays()).length, 2);
});
