import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { type Contact, steadyContacts, type TalkWindow } from '@skykey/kme';
import { loadNetwork, type NetworkFile, readNetworkFile, shippedNetworks, topologyOf } from './network-file.ts';
import { NetworkStudy, type PlayedDay } from './network-study.ts';

const folder = mkdtempSync(join(tmpdir(), 'skykey-study-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const START = '2026-12-01T12:00:00Z';
const startMs = Date.parse(START);
const HOUR_MS = 3_600_000;
const QUALITY = { epsSec: 1e-9, epsCor: 1e-15, proof: 'tilted' };
const RULE = { maxRelays: 1, epsSec: 1e-7, epsCor: 1e-12, proofs: ['tilted'], simulated: true };

const site = (id: string) => ({ id, kind: 'site', jurisdiction: 'AT' });
const satellite = (id: string) => ({ id, kind: 'satellite', jurisdiction: 'ORBIT' });

/** Three sites and two satellites: one pair over both, one over the first; each satellite meets two or three of them. */
const document = {
  format: 'skykey-network-day/1',
  scenario: 'none',
  startUtc: START,
  nodes: [
    ...['a', 'b', 'c'].map(site),
    ...['s1', 's2'].map(satellite),
    { id: 'ground', kind: 'ground-segment', jurisdiction: 'DE', controls: ['s2'] },
  ],
  fibres: [{ id: 'a-c', ends: ['a', 'c'], bits: 80_000, everyH: 4, source: 'for this test' }],
  saes: ['a', 'b', 'c'].map((id) => ({ saeId: `app-${id}`, siteId: id })),
  policy: {
    format: 'skykey-policy/1',
    rules: [
      { between: ['app-a', 'app-b'], ...RULE, minPaths: 2, denyNodes: ['c'] },
      { between: ['app-b', 'app-c'], ...RULE, denyNodes: ['a', 's2'] },
      { between: ['app-a', 'app-c'], ...RULE, routeType: 'direct', maxRelays: 0 },
    ],
  },
  demand: [
    { master: 'app-a', slave: 'app-b', bits: 256, keys: 4, everyH: 3, fromH: 1 },
    { master: 'app-b', slave: 'app-c', bits: 256, keys: 4, everyH: 3, fromH: 1 },
    { master: 'app-a', slave: 'app-c', bits: 256, keys: 4, everyH: 3, fromH: 1 },
  ],
  alarms: [{ link: 's1-b', foundBy: 'b', atH: 9.5, reopenedAtH: 11, reason: 'for this test' }],
};

const read = (change: Record<string, unknown> = {}): NetworkFile =>
  readNetworkFile(JSON.stringify({ ...document, ...change }), 'test.json');

const REALISATIONS = 60;
const DAYS = 2;

function study(network: NetworkFile): NetworkStudy {
  const meetings = [
    ['s1', 'a', 1],
    ['s2', 'a', 2],
    ['s1', 'b', 3],
    ['s2', 'b', 4],
    ['s1', 'c', 6],
    ['s1', 'b', 8],
  ] as const;
  const topology = topologyOf(
    network,
    meetings.map(([satelliteId, stationId]) => ({ satelliteId, stationId })),
    QUALITY,
  );
  const all = REALISATIONS + DAYS;
  const contacts: Contact[] = meetings.map(([from, to, hour], i) => {
    const endMs = startMs + hour * HOUR_MS;
    // Clouds over a contact in every ninth realisation; the days that are played are clear.
    const bits = Float64Array.from({ length: all }, (_, r) =>
      r < REALISATIONS && (r * 7 + i) % 9 === 0 ? 0 : 90_000 + 1000 * ((r + i) % 9),
    );
    return { link: `${from}-${to}`, startMs: endMs - 300_000, endMs, readyMs: endMs, bits };
  });
  const talks = new Map<string, TalkWindow[]>();
  for (const [name] of meetings) {
    talks.set(
      name,
      contacts
        .filter(({ link }) => link.startsWith(name))
        .map((contact) => ({ startMs: contact.startMs, endMs: contact.endMs })),
    );
  }
  const endMs = startMs + 12 * HOUR_MS;
  const fibre = steadyContacts('a-c', { bits: 80_000, everyMs: 4 * HOUR_MS }, { fromMs: startMs, toMs: endMs }, all);
  return new NetworkStudy({
    ...{ network, topology, quality: QUALITY, talks, contacts: [...contacts, ...fibre], realisations: REALISATIONS },
    ...{ startMs, endMs, issueEveryH: 5, targetEveryH: 1, readyBits: 2048, seed: 5 },
  });
}

const play = (of: NetworkStudy, alarms: boolean): Promise<PlayedDay> =>
  of.play(REALISATIONS, { folder: mkdtempSync(join(folder, 'day-')), alarms });

describe('a day of a network', () => {
  const own = study(read());

  it('routes every rule, and brings to the bit what was rehearsed for its weather', async () => {
    assert.deepEqual(own.unreachable, []);
    const routes = own.plans.map((plan) => plan.routes.map((route) => route.join(' ')).join(' | ')).sort();
    assert.deepEqual(routes, ['a c', 'a s1 b | a s2 b', 'b s1 c']);
    const day = await play(own, false);
    const moments = own.momentsAfter(startMs);
    const truth = { ...own.scene, realisations: REALISATIONS + 1 };
    const said = new NetworkStudy(truth).rehearse(startMs, own.plans, new Map(), moments);
    for (const [plan, series] of day.came.entries()) {
      for (const { atMs, bits } of series) {
        assert.equal(
          bits,
          said[plan]![moments.indexOf(atMs)]![REALISATIONS],
          `plan ${plan} at ${(atMs - startMs) / HOUR_MS} h`,
        );
      }
      assert.ok(series.at(-1)!.bits > 0);
    }
    const forecast = day.bits.find(
      (one) =>
        one.plan === own.plans.findIndex((plan) => plan.shares.length > 1) &&
        one.issuedMs === startMs &&
        one.targetMs === startMs + 4 * HOUR_MS,
    )!;
    assert.ok(forecast.said[0] === 0 && forecast.said[2] > 0 && forecast.came > 0);
  });

  it('gives keys to applications, all of which a coalition on every way knows and no other', async () => {
    const { coalitions, demand, keys } = await play(own, false);
    assert.ok(demand.every(({ got }) => got > 0));
    assert.equal(
      keys,
      demand.reduce((sum, { got }) => sum + got, 0),
    );
    const rows = (paths: number, covers: boolean) =>
      coalitions.filter((one) => one.paths === paths && one.covers === covers);
    for (const [paths, kinds] of [
      [1, 4],
      [2, 1],
    ] as const) {
      const found = rows(paths, true).filter(({ kind }) => kind !== 'sight of one vault');
      assert.ok(found.length >= kinds, `${paths} ways`);
      for (const { attempts, recovered } of found) assert.equal(recovered, attempts);
    }
    for (const { covers, recovered, attempts } of coalitions) {
      assert.ok(attempts > 0);
      if (!covers) assert.equal(recovered, 0);
    }
    assert.deepEqual(
      rows(2, false).map(({ kind }) => kind),
      ['nobody', 'one group', 'one node', 'sight of one vault', 'two groups', 'two nodes'],
    );
  });

  it('hands out nothing that rests on a link under alarm, and says which forecasts that made void', async () => {
    const [quiet, alarmed] = [await play(own, false), await play(own, true)];
    assert.deepEqual(quiet.alarms, []);
    const [alarm] = alarmed.alarms;
    assert.ok(alarm!.overwrittenBits > 0 && alarm!.told > 1);
    assert.ok(alarmed.bits.some((one) => one.alarmed) && alarmed.bits.some((one) => !one.alarmed));
    assert.ok(quiet.bits.every((one) => !one.alarmed));
    const got = (day: PlayedDay): number => day.demand[0]!.got;
    assert.ok(got(alarmed) < got(quiet), `${got(alarmed)} and ${got(quiet)} keys`);
    assert.equal(alarm!.unreachable.length, 2);
  });

  it('is the same for a seed', async () => {
    assert.deepEqual(await play(own, true), await play(own, true));
  });
});

describe('a network file', () => {
  it('is shipped, and is read', () => {
    assert.deepEqual(shippedNetworks(), ['ten-sites']);
    const network = loadNetwork('ten-sites');
    assert.equal(network.nodes.filter(({ kind }) => kind === 'site').length, 10);
    assert.equal(network.nodes.filter(({ kind }) => kind === 'satellite').length, 3);
  });

  it('is refused with its field and what would be right', () => {
    const refused = (change: Record<string, unknown>, sentence: RegExp): void => {
      assert.throws(() => read(change), { code: 'node/network-file', message: sentence });
    };
    refused({ startUtc: 'noon' }, /^test\.json: startUtc must be/);
    refused({ saes: [{ saeId: 'x', siteId: 's1' }] }, /the SAE x is at s1, which is no site/);
    refused({ demand: [{ ...document.demand[0], slave: 'nobody' }] }, /demand names nobody, which is not in saes/);
    refused({ policy: { format: 'skykey-policy/1', rules: [] } }, /no rule of the policy lets them share keys/);
    refused({ alarms: [{ ...document.alarms[0], reopenedAtH: 1 }] }, /must begin before it ends/);
    refused({ more: 1 }, /^test\.json: the document must be/);
    assert.throws(() => readNetworkFile('{', 'test.json'), {
      code: 'node/network-file',
      message: /^test\.json is not JSON/,
    });
    assert.throws(() => loadNetwork('nowhere'), { message: /there is no network "nowhere": give one of ten-sites/ });
    assert.throws(() => loadNetwork('/none/such.json'), { code: 'node/network-file' });
  });
});
