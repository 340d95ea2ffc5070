import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { keyLane, peerLane } from '../lanes.ts';
import { labels, Network, pattern, policyOf, secret } from '../test/sites.ts';
import type { Contact } from './forecast-supply.ts';
import { disjointPaths } from './paths.ts';
import { type JoinPlan, joinPlan, relayPlanOf } from './paths-join.ts';
import { lanesOf, type RehearsalScene, rehearse } from './rehearsal.ts';
import { NOW_MS, network, OPEN_RULES } from './test/networks.ts';
import type { Topology } from './topology.ts';

fc.configureGlobal({ seed: 31 });

const topology = network('S1-beijing S1-delhi S1-moscow S2-beijing S2-moscow beijing-delhi');
const TARGET_BYTES = 2 ** 24;
const NODES = ['S1', 'S2', 'beijing', 'delhi', 'moscow'];

function planOf(from: string, to: string, minPaths: number, denyNodes: readonly string[] = []): JoinPlan {
  const answer = disjointPaths(topology, {
    from,
    to,
    bits: 0,
    rules: { ...OPEN_RULES, minPaths, denyNodes },
    nowMs: NOW_MS,
  });
  assert.ok(answer.found);
  return joinPlan(topology, answer.paths, 0);
}

const combined = planOf('beijing', 'moscow', 2);
const relayed = planOf('delhi', 'moscow', 1, ['S2', 'beijing']);
/** Beijing joins its line to Delhi with what S2 has joined: two relays. */
const long = planOf('delhi', 'moscow', 1, ['S1']);
const PLANS = [combined, relayed, long];

/** The satellite leads all key of its links, the ends of a line half each. */
function cut(of: Topology, link: string, bits: number): { lane: string; bytes: number }[] {
  const { ends } = of.link(link);
  const bytes = Math.floor(bits / 8 / 16) * 16;
  const [a, b] = ends;
  if (a.startsWith('S')) return [{ lane: keyLane(a, b, 'direct'), bytes }];
  return [
    { lane: keyLane(a, b, 'direct'), bytes: bytes / 2 },
    { lane: keyLane(b, a, 'direct'), bytes: bytes / 2 },
  ];
}

const contact = (link: string, minute: number, ...bits: number[]): Contact => {
  const atMs = NOW_MS + minute * 60_000;
  return { link, startMs: atMs, endMs: atMs, readyMs: atMs, bits: Float64Array.from(bits) };
};

const scene = (
  plans: readonly JoinPlan[],
  contacts: readonly Contact[],
  more: Partial<RehearsalScene> = {},
): RehearsalScene => ({
  ...{ plans, nodes: NODES, stock: new Map(), contacts, cut: (link, bits) => cut(topology, link, bits) },
  ...{ targetBytes: TARGET_BYTES, nowMs: NOW_MS },
  ...more,
});

const later = (...minutes: number[]): number[] => minutes.map((minute) => NOW_MS + minute * 60_000);

describe('a rehearsal', () => {
  const contacts = [contact('S1-delhi', 10, 160_000, 160_000, 0), contact('S1-moscow', 20, 80_000, 16_000, 80_000)];

  it('counts what is joined when both keys are there, less what goes to tags and confirmation', () => {
    const [said] = rehearse(scene([relayed], contacts), [lanesOf(relayed)], later(19, 20, 30));
    assert.deepEqual([...said![0]!], [0, 0, 0]);
    // 9,984 of 10,000 bytes are whole grains; 48 confirm, 608 go to either tag lane, and 4,352 to either lane of key.
    assert.deepEqual([...said![1]!], [2 * 4352 * 8, 0, 0]);
    assert.deepEqual(said![2], said![1]);
  });

  it('gives the key of a shared link to the plan that is first, and the rest to the next', () => {
    const three = [contact('S1-beijing', 1, 800_000), contact('S1-delhi', 2, 80_000), contact('S1-moscow', 3, 120_000)];
    const first = planOf('beijing', 'delhi', 1, ['S2']);
    // Without the line between them.
    const overSatellite = {
      ...first,
      steps: [
        {
          ...relayed.steps[0]!,
          left: { link: 'S1-beijing', route: ['beijing', 'S1'] },
          makes: ['beijing', 'S1', 'moscow'],
        },
      ],
    };
    const bitsOf = (plans: readonly JoinPlan[], lane: string): number =>
      rehearse(scene(plans, three), [[keyLane('moscow', lane, 'S1')]], later(5))[0]![0]![0]!;
    assert.ok(bitsOf([relayed, overSatellite], 'delhi') > bitsOf([relayed, overSatellite], 'beijing'));
    assert.equal(bitsOf([overSatellite, relayed], 'delhi'), 0);
  });

  it('begins with what is in store, and does not count it as having come', () => {
    const [left, right] = [keyLane('S1', 'delhi', 'direct'), keyLane('S1', 'moscow', 'direct')];
    const stock = new Map([
      [left, 20_000],
      [right, 20_000],
    ]);
    const [said] = rehearse(scene([relayed], [], { stock }), [[left], lanesOf(relayed)], later(1));
    assert.deepEqual([...said![0]!], [0]);
    const both = rehearse(scene([relayed], [], { stock }), [lanesOf(relayed)], later(1))[0]![0]![0]!;
    assert.ok(both > 20_000 * 8 * 0.8 && both < 20_000 * 8 * 0.9);
  });

  it('refuses contacts that do not fit together', () => {
    const odd = [contact('S1-delhi', 1, 1, 2), contact('S1-moscow', 2, 1)];
    assert.throws(() => rehearse(scene([relayed], odd), [], later(1)), { code: 'kme/argument' });
  });

  it('says to the byte what the protocol does', async (t) => {
    const block = fc.record({
      link: fc.constantFrom(...topology.links.map(({ id }) => id)),
      bytes: fc.nat(1500).map((n) => n * 32),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(block, { minLength: 6, maxLength: 14 }), async (blocks) => {
        const plan = (node: string) => relayPlanOf(node, PLANS, TARGET_BYTES);
        const ended: (() => void | Promise<void>)[] = [];
        const played = await Network.open(
          { after: (done) => void ended.push(done) },
          {
            sites: ['beijing', 'delhi', 'moscow'],
            keyBytes: 0,
            relays: { S1: plan('S1'), S2: plan('S2') },
            site: Object.fromEntries(
              ['beijing', 'moscow', 'delhi'].map((id) => [id, { plan: plan(id), policy: policyOf([]) }]),
            ),
          },
        );
        try {
          for (const [i, { link, bytes }] of blocks.entries()) {
            const ends = topology.link(link).ends;
            const made = labels([link], { routes: [ends], jurisdictions: [], createdAtMs: i });
            for (const node of ends) {
              await played.vaultOf(node).atomically(async (tx) => {
                // Tags are not what is looked at here: there are always enough.
                for (const lane of [peerLane(ends[0], ends[1]), peerLane(ends[1], ends[0])]) {
                  await tx.append(lane, made, secret(pattern(512, 1000 + i)));
                }
                for (const part of cut(topology, link, bytes * 8)) {
                  if (part.bytes > 0) await tx.append(part.lane, made, secret(pattern(part.bytes, i)));
                }
              });
            }
            await played.settle(6);
          }
          const contacts = blocks.map(({ link, bytes }, i) => contact(link, i + 1, bytes * 8));
          const said = rehearse(scene(PLANS, contacts), PLANS.map(lanesOf), later(blocks.length + 1));
          for (const [i, of] of PLANS.entries()) {
            let bits = 0;
            for (const lane of lanesOf(of))
              bits += 8 * (await played.tx(lane.slice(4, lane.indexOf('>'))).length(lane));
            assert.equal(bits, said[i]![0]![0], `plan ${i}`);
          }
        } finally {
          for (const end of ended) await end();
        }
      }),
      { numRuns: 8, endOnFailure: true },
    );
    t.diagnostic('three plans on six links, eight days');
  });
});
