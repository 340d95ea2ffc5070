import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { type Contact, type JoinPlan, joinPlan, type NetworkLink, Topology } from '@skykey/kme';
import { loadContacts } from './contacts-file.ts';
import { KeyOutlook, type OutlookScene } from './outlook.ts';

const HOUR_MS = 3_600_000;
const link = (id: string, ends: [string, string]): NetworkLink => {
  const quality = { proof: 'p', epsSec: 1e-9, epsCor: 1e-15, simulated: true };
  return { id, ends, ...quality, state: 'open', rateBps: 0, stockBits: 0, oldestAtMs: null };
};
const topology = new Topology(
  [
    { id: 'sat', kind: 'satellite', jurisdiction: null },
    { id: 'a', kind: 'site', jurisdiction: null },
    { id: 'b', kind: 'site', jurisdiction: null },
  ],
  [link('sat-a', ['sat', 'a']), link('sat-b', ['sat', 'b']), link('fibre', ['a', 'b'])],
);
const path = (...ids: string[]) => ids.map((id) => topology.link(id));
const relayed: JoinPlan = joinPlan(
  topology,
  [{ links: path('sat-a', 'sat-b'), stops: ['a', 'sat', 'b'], route: ['a', 'sat', 'b'], cost: 1 }],
  0,
);
const direct: JoinPlan = joinPlan(
  topology,
  [{ links: path('fibre'), stops: ['a', 'b'], route: ['a', 'b'], cost: 1 }],
  0,
);

const contact = (id: string, hour: number, ...bits: number[]): Contact => {
  const startMs = hour * HOUR_MS;
  return { link: id, startMs, endMs: startMs + 1000, readyMs: startMs + 2000, bits: Float64Array.from(bits) };
};
const scene = (more: Partial<OutlookScene> = {}): OutlookScene => ({
  plan: {
    contacts: [contact('sat-a', 2, 80_000, 100_000, 120_000), contact('sat-b', 5, 90_000, 90_000, 90_000)],
    untilMs: 48 * HOUR_MS,
  },
  ...{ routes: [relayed], stock: new Map(), closed: new Set<string>(), nowMs: HOUR_MS },
  ...more,
});

describe('what a site may expect', () => {
  it('comes with the second of two links, and is this direction of the lesser, less tags', async () => {
    const outlook = new KeyOutlook('a', topology);
    await outlook.observe(scene());
    const forecast = outlook.forecast('b')!;
    assert.equal(forecast.readyAtMs, 5 * HOUR_MS + 2000);
    // The middle realisation: 90,000 bits; a sixteenth goes to the tags of either direction, the rest is halved.
    assert.ok(forecast.bits[1] <= 90_000 * (7 / 16) && forecast.bits[1] > 88_000 * (7 / 16), String(forecast.bits));
    assert.ok(forecast.bits[0] < forecast.bits[1] && forecast.bits[1] === forecast.bits[2]);
    assert.equal(outlook.forecast('c'), null);
    assert.equal(outlook.linkRateBps('sat-a'), Math.round(100_000 / 86_400));
    assert.equal(outlook.wayRateBps('b', 'sat'), Math.round(forecast.bits[1] / 86_400));
    assert.deepEqual(outlook.ways(), [{ peer: 'b', way: 'sat' }]);
  });

  it('comes earlier with what a link has in store, and not over a link under alarm', async () => {
    const outlook = new KeyOutlook('a', topology);
    await outlook.observe(scene({ stock: new Map([['sat-b', 50_000]]) }));
    assert.equal(outlook.forecast('b')!.readyAtMs, 2 * HOUR_MS + 2000);
    assert.ok(outlook.forecast('b')!.bits[1] <= 25_000);
    await outlook.observe(scene({ stock: new Map([['sat-b', 50_000]]), closed: new Set(['sat-a']) }));
    assert.equal(outlook.forecast('b'), null);
    assert.equal(outlook.linkRateBps('sat-a'), 0);
  });

  it('is of the route that has key first; the store of a direct link is no forecast', async () => {
    const outlook = new KeyOutlook('a', topology);
    const routes = [relayed, direct];
    const stock = new Map([['fibre', 1e6]]);
    await outlook.observe(scene({ routes, stock }));
    assert.equal(outlook.forecast('b')!.readyAtMs, 5 * HOUR_MS + 2000);
    const { plan } = scene();
    const contacts = [...plan!.contacts, contact('fibre', 3, 40_000, 40_000, 40_000)];
    await outlook.observe(scene({ routes, stock, plan: { ...plan!, contacts } }));
    assert.equal(outlook.forecast('b')!.readyAtMs, 3 * HOUR_MS + 2000);
    assert.ok(outlook.forecast('b')!.bits[2] < 20_000);
  });

  it('is forgotten when its time is over, and with the plan', async () => {
    const outlook = new KeyOutlook('a', topology);
    await outlook.observe(scene());
    await outlook.observe(scene({ nowMs: 6 * HOUR_MS }));
    assert.equal(outlook.forecast('b'), null);
    await outlook.observe(scene());
    assert.notEqual(outlook.forecast('b'), null);
    await outlook.observe(scene({ plan: undefined }));
    assert.equal(outlook.forecast('b'), null);
    assert.equal(outlook.linkRateBps('sat-a'), 0);
  });
});

describe('a file of contacts', () => {
  const folder = mkdtempSync(join(tmpdir(), 'skykey-contacts-'));
  after(() => rmSync(folder, { recursive: true }));
  const good = { link: 'fibre', startMs: 1000, endMs: 2000, readyMs: 3000, bits: [10, 20] };
  const load = (contacts: unknown, untilMs: unknown = 5000) => {
    const file = join(folder, 'contacts.json');
    writeFileSync(file, JSON.stringify({ format: 'skykey-contacts/1', untilMs, contacts }));
    return loadContacts(file, topology);
  };

  it('is read', () => {
    const { contacts, untilMs } = load([good]);
    assert.deepEqual([...contacts[0]!.bits], [10, 20]);
    assert.equal(untilMs, 5000);
  });

  for (const [name, contacts, message] of [
    ['a link that is not there', [{ ...good, link: 'x' }], /contacts\.json: .*"?x"?/],
    ['an end before the start', [{ ...good, endMs: 500 }], /contacts\.json: .*must start, then end, then be ready/],
    ['other realisations', [good, { ...good, bits: [1] }], /contacts\.json: .*1 realisations/],
    [
      'less than nothing',
      [{ ...good, bits: [-1] }],
      /contacts\.0\.bits\.0 must be a list of 1 to 1000 numbers of bits/,
    ],
    ['no bits', [{ ...good, bits: [] }], /contacts\.0\.bits must be a list of 1 to 1000/],
    ['a stranger', [{ ...good, more: 1 }], /must not have a member "more"/],
  ] as const) {
    it(`is refused for ${name}, with the place`, () => {
      assert.throws(() => load(contacts), { name: 'NodeError', message });
    });
  }
});
