import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ClientError, type KmeEvent } from '@skykey/client';
import { Memory } from './memory.ts';
import { DOUBT_LIMIT_MS, News } from './news.ts';
import type { AgentEvent } from './report.ts';
import type { Tunnel } from './tunnel.ts';
import { Watch } from './watch.ts';

const KEY_1 = '550e8400-e29b-41d4-a716-446655440000';
const KEY_2 = '6ba7b810-9dad-41d1-80b4-00c04fd430c8';
const ALARM: KmeEvent = { type: 'alarm', link: 'fibre-1', reason: 'too many errors', saes: ['gw-c', 'gw-b'] };

function scene(onAlarm: 'close' | 'keep' = 'close') {
  const done: string[] = [];
  let keyId: string | null = KEY_1;
  let inDoubt = false;
  const news = new News({
    kme: { events: async () => Promise.reject(new ClientError('client/refused', 'the KME refused the request (404)')) },
    ...{ peer: 'gw-b', role: 'leader', onAlarm, signal: new AbortController().signal },
    watch: {
      get keyId() {
        return keyId;
      },
      get inDoubt() {
        return inDoubt;
      },
      doubt: (_, limitMs) => {
        inDoubt = true;
        done.push(`doubt ${limitMs}`);
      },
      despair: () => done.push('despair'),
    },
    hurry: () => done.push('hurry'),
    tell: (sentence) => done.push(sentence),
  });
  return {
    news,
    done,
    have: (id: string | null) => {
      keyId = id;
      inDoubt = false;
    },
  };
}

describe('news of the KME', () => {
  it('of an alarm on the own pair, once for each alarm, have the leader ask for another key at once', () => {
    const { news, done, have } = scene();
    news.hear({ ...ALARM, saes: ['gw-c'] });
    news.hear({ type: 'ready' });
    assert.deepEqual(done, []);
    news.hear(ALARM);
    assert.deepEqual([done[0], done[2]], [`doubt ${DOUBT_LIMIT_MS}`, 'hurry']);
    assert.match(done[1]!, /fibre-1.*gw-b.*too many errors; a new key is wanted at once/);
    have(KEY_2);
    news.hear(ALARM);
    assert.equal(done.length, 3, 'another key has come since, by another way');
    news.hear({ type: 'reopened', link: 'fibre-1', saes: ['gw-b'] });
    news.hear(ALARM);
    assert.equal(done.length, 6);
    news.hear({ type: 'stock', sae: 'gw-c', storedKeyCount: 0 });
    assert.equal(done.length, 6);
    news.hear({ type: 'stock', sae: 'gw-b', storedKeyCount: 0 });
    assert.equal(done.at(-1), 'despair');
  });

  it('of the key in use being void likewise, of others nothing; as the configuration says it may be kept', () => {
    const { news, done, have } = scene('keep');
    news.hear({ type: 'voided', keyIds: [KEY_2] });
    assert.deepEqual(done, []);
    news.hear({ type: 'voided', keyIds: [KEY_2, KEY_1] });
    assert.deepEqual([done[0], done[2]], ['doubt Infinity', 'hurry']);
    have(null);
    news.hear({ type: 'voided', keyIds: [KEY_1] });
    assert.equal(done.length, 3, 'a closed tunnel has nothing to lose');
  });

  it('that do not come, from the KME of another maker, are said once', async () => {
    const { news, done } = scene();
    await news.follow();
    assert.deepEqual(done.length, 1);
    assert.match(done[0]!, /tells no events, so an alarm shows at the next rotation only: .*404/);
  });
});

describe('a key in doubt', () => {
  const watched = async () => {
    const told: AgentEvent[] = [];
    const nothing = async (): Promise<void> => undefined;
    const tunnel: Tunnel = {
      ...{ kind: 'wireguard', name: 'a tunnel', open: nothing, install: nothing, retire: nothing, shut: nothing },
      ...{ verify: nothing, start: async () => '', wrong: async () => null, release: () => undefined },
    };
    const watch = new Watch({
      ...{ tunnel, memory: new Memory(undefined, ''), report: (event) => told.push(event) },
      ...{ maxKeyAgeS: 600, checkS: 600, onBroken: () => undefined },
    });
    await watch.begin();
    const now = () => ({ wallMs: Date.now(), steadyMs: performance.now() });
    await watch.renew(KEY_1, now());
    told.length = 0;
    return { watch, told, now };
  };
  const closings = (told: readonly AgentEvent[]): string[] =>
    told.flatMap((event) => (event.event === 'closed' ? [event.reason] : []));
  const until = async (holds: () => boolean): Promise<void> => {
    for (let i = 0; i < 500 && !holds(); i++) await new Promise((resolve) => setTimeout(resolve, 10));
    assert.ok(holds());
  };

  it('ends with a key that was asked for later, not with one from before', async () => {
    const { watch, told, now } = await watched();
    const before = now();
    await new Promise((resolve) => setTimeout(resolve, 5));
    watch.doubt('tapped', 60_000);
    await watch.renew(KEY_2, before);
    assert.ok(watch.inDoubt);
    await watch.renew(KEY_2, now());
    assert.ok(!watch.inDoubt);
    assert.deepEqual(closings(told), []);
    await watch.end(false);
  });

  it('closes the tunnel when its time is over, or when there is nothing left, unless it is to be kept', async () => {
    const first = await watched();
    first.watch.failed('the KME is short');
    first.watch.doubt('tapped', 1);
    await until(() => closings(first.told).length > 0);
    assert.deepEqual(closings(first.told), ['tapped, and there is no newer key: the KME is short']);
    assert.equal(first.watch.isOpen, false);
    await first.watch.end(false);

    const second = await watched();
    second.watch.doubt('tapped', 600_000);
    second.watch.despair();
    await until(() => closings(second.told).length > 0);
    await second.watch.end(false);

    const third = await watched();
    third.watch.doubt('tapped', Number.POSITIVE_INFINITY);
    third.watch.despair();
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.deepEqual([closings(third.told), third.watch.isOpen], [[], true]);
    await third.watch.end(false);
  });
});
