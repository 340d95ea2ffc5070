import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { KmeError } from '../error.ts';
import { link, NOW_MS, network, randomTopology, satellite, site } from './test/networks.ts';
import { type NetworkLink, type NetworkNode, Topology } from './topology.ts';

const refused = (nodes: readonly NetworkNode[], links: readonly NetworkLink[], says: RegExp): void =>
  assert.throws(
    () => new Topology(nodes, links),
    (error) => error instanceof KmeError && error.code === 'kme/topology' && says.test(error.message),
  );

const control = (id: string, ...controls: string[]): NetworkNode => ({
  id,
  kind: 'ground-segment',
  jurisdiction: 'DE',
  controls,
});

describe('a topology', () => {
  const [a, b] = [site('A'), site('B')];

  it('refuses what is listed twice, unknown or malformed, and says what would be right', () => {
    refused([a, a], [], /the node A is listed twice; leave one/);
    refused([a, b], [link('A', 'B'), link('A', 'B')], /the link A-B is listed twice/);
    refused([site('A B')], [], /a node id has 1 to 64 letters.*"A B"/);
    refused([a], [link('A', 'B')], /names the node B, which is not in the network/);
    refused([a, b], [link('A', 'B', { through: ['C'] })], /names the node C/);
    refused([a, b], [link('A', 'A')], /passes A twice/);
    refused([a, b], [link('A', 'B', { through: ['A'] })], /passes A twice/);
  });

  it('refuses nodes that contradict themselves', () => {
    refused([satellite('S1', { jurisdiction: 'CN' })], [], /satellite with jurisdiction "CN"; it must be ORBIT/);
    refused([site('A', { jurisdiction: 'ORBIT' })], [], /two capital letters/);
    refused([site('A', { jurisdiction: 'ch' })], [], /two capital letters/);
    refused([site('A', { owner: '' })], [], /empty owner/);
    refused([a, { ...satellite('S1'), controls: ['S1'] }], [], /only a ground-segment controls/);
    refused([a, control('G', 'A')], [], /controls A, which is a site/);
    refused([control('G', 'S1')], [], /S1, which is not in the network/);
    refused([satellite('S1'), control('G', 'S1', 'S1')], [], /controls S1 twice/);
  });

  it('refuses links that contradict themselves', () => {
    const bad = (more: Partial<NetworkLink>, says: RegExp) => refused([a, b, site('C')], [link('A', 'B', more)], says);
    bad({ stockBits: 0.5 }, /whole number/);
    bad({ rateBps: -1 }, /rateBps -1; it must be 0 or more/);
    bad({ state: 'passive', rateBps: 5 }, /only an open link makes key: set the rate to 0/);
    bad({ state: 'alarm', rateBps: 5 }, /only an open link makes key/);
    bad({ through: ['C'], rateBps: 5 }, /joins make its key, not photons/);
    bad({ oldestAtMs: null }, /key in store has a time/);
    bad({ stockBits: 0, oldestAtMs: NOW_MS }, /no key has null/);
    bad({ proof: '' }, /empty proof/);
    bad({ epsSec: 1 }, /epsSec 1; it must be from 0 to below 1/);
    bad({ epsCor: Number.NaN }, /epsCor NaN/);
  });

  it('names the one that is not there', () => {
    const topology = network('A-B');
    assert.throws(() => topology.node('X'), /there is no node X in the network/);
    assert.throws(() => topology.link('X'), /there is no link X in the network/);
    assert.throws(() => topology.likeness('X'), KmeError);
    assert.deepEqual([topology.has('A'), topology.has('X')], [true, false]);
  });

  it('takes a satellite and whoever commands it for one, and groups that overlap, too', () => {
    const topology = new Topology(
      [a, satellite('S1'), satellite('S2'), control('G', 'S1'), site('H', { trustGroup: 'x' }), control('I', 'S2')],
      [],
    );
    const alike = (one: string, other: string, by: 'group' | 'owner' = 'group') =>
      topology.likeness(one, by) === topology.likeness(other, by);
    assert.ok(alike('S1', 'G'));
    assert.ok(alike('S2', 'I'));
    assert.ok(!alike('S1', 'S2'));
    assert.ok(!alike('A', 'H'));
    const chained = topology.nodes.map((node) =>
      ['S1', 'S2'].includes(node.id) ? { ...node, trustGroup: 'x' } : node,
    );
    const one = new Topology(chained, []);
    assert.equal(new Set(['S1', 'S2', 'G', 'H', 'I'].map((id) => one.likeness(id))).size, 1);
    const owned = new Topology([site('A', { owner: 'o' }), site('B', { owner: 'o' }), site('C')], []);
    assert.equal(owned.likeness('A', 'owner'), owned.likeness('B', 'owner'));
    assert.notEqual(owned.likeness('A'), owned.likeness('B'));
  });

  it('says where key stands, the place of a satellite’s commander included, or nothing at all', () => {
    const topology = new Topology(
      [site('A', { jurisdiction: 'CH' }), site('B'), satellite('S1'), satellite('S2'), control('G', 'S1')],
      [],
    );
    assert.deepEqual(topology.jurisdictions(['A', 'S1']), ['CH', 'DE', 'ORBIT']);
    assert.deepEqual(topology.jurisdictions(['A', 'S2']), ['CH', 'ORBIT']);
    assert.deepEqual(topology.jurisdictions(['A', 'B', 'S1']), []);
  });

  it('has classes that are a partition, coarser by owner than by group', () => {
    fc.assert(
      fc.property(randomTopology, (topology) => {
        for (const { id: one, trustGroup, owner } of topology.nodes) {
          assert.equal(topology.likeness(topology.likeness(one)), topology.likeness(one));
          for (const other of topology.nodes) {
            const same = topology.likeness(one) === topology.likeness(other.id);
            if (trustGroup !== undefined && trustGroup === other.trustGroup) assert.ok(same);
            const owned = topology.likeness(one, 'owner') === topology.likeness(other.id, 'owner');
            if (same || (owner !== undefined && owner === other.owner)) assert.ok(owned);
          }
        }
      }),
      { seed: 3 },
    );
  });
});
