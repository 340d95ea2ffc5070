import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { KmeMetrics, wayClass } from './metrics.ts';

const DASHBOARD = new URL('../../../../docs/grafana/skykey-kme.json', import.meta.url);

test('the dashboard shows every metric, and none that is not there', () => {
  const names = new KmeMetrics().registry.getMetricsAsArray().map(({ name }) => name);
  const text = readFileSync(DASHBOARD, 'utf8');
  const shown = new Set([...text.matchAll(/\bskykey_kme_\w+/g)].map(([name]) => name.replace(/_bucket$/, '')));
  assert.deepEqual([...shown].sort(), [...names].sort());
});

test('the labels that the dashboard asks for are there', () => {
  const text = readFileSync(DASHBOARD, 'utf8');
  const asked = new Set([...text.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label));
  // Prometheus adds `instance` itself.
  for (const label of asked)
    assert.ok(['instance', 'peer', 'way', 'interface', 'status', 'link'].includes(label!), label);
});

test('a reading is told in full, and what is over is told no more', async () => {
  const metrics = new KmeMetrics();
  const readings = {
    stock: [{ peer: 'lyon', way: 'direct', bits: 800 }],
    pads: [{ peer: 'lyon', left: 7 }],
    alarms: [{ link: 'fibre-7' }],
    peers: [{ kmeId: 'kme-lyon', siteId: 'lyon', reachable: true, aheadMs: -1500, problem: null }],
    ...{ voidedKeys: 3, poisonedBits: 4, ready: true },
  };
  const first = await metrics.text(readings);
  for (const line of [
    'skykey_kme_stock_bits{peer="lyon",way="direct"} 800',
    'skykey_kme_pads_left{peer="lyon"} 7',
    'skykey_kme_link_alarm{link="fibre-7"} 1',
    'skykey_kme_peer_clock_ahead_seconds{peer="lyon"} -1.5',
    'skykey_kme_keys_voided 3',
    'skykey_kme_ready 1',
  ]) {
    assert.ok(first.includes(`${line}\n`), line);
  }
  const second = await metrics.text({ ...readings, alarms: [], ready: false });
  assert.doesNotMatch(second, /fibre-7/);
  assert.match(second, /skykey_kme_ready 0/);
});

test('how a key came is told in four words', () => {
  assert.equal(wayClass([['a', 'b']]), 'direct');
  assert.equal(wayClass([['a', 'x', 'b']]), 'relayed');
  assert.equal(
    wayClass([
      ['a', 'x', 'b'],
      ['a', 'y', 'b'],
    ]),
    'combined',
  );
  assert.equal(wayClass([['a', 'a']]), 'local');
});
