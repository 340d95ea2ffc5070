import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { VaultTransaction } from '@skykey/vault';
import { DIRECT, keyLane } from './lanes.ts';
import type { RelayPlan } from './relay/exchange.ts';
import { json, keysOf, labels, Network, type Site, text } from './test/sites.ts';

/*
 * A scripted day of three nodes, killed at every transaction of any of them, once before it is on the disk and once after,
 * and at every message, once before it arrives and once after. Whatever is killed starts again and the day goes on. No
 * key may come out twice or to somebody else, every key that was given out is there for the other end, and when everything
 * is told both ends have the same left and go on.
 */

const NODES = ['beijing', 'moscow', 'micius'] as const;
type Node = (typeof NODES)[number];
const PLAN: RelayPlan = {
  joins: [{ left: { node: 'beijing', way: DIRECT }, right: { node: 'moscow', way: DIRECT } }],
  combinations: [],
};
/** A day has some 250 transactions: every sixth is tried, all of them (a minute of processor time) with SKYKEY_TEST_LONG. */
const STEP = process.env.SKYKEY_TEST_LONG ? 1 : 6;
const LANES = [keyLane('beijing', 'moscow', 'micius'), keyLane('moscow', 'beijing', 'micius')];

/** When which node dies. */
interface Fate {
  /** Transactions, or messages, until then. */
  readonly at: number;
  readonly when: 'before' | 'after';
  readonly what: 'transaction' | 'sender' | 'receiver';
}

class Day {
  readonly network: Network;
  readonly #fate: Fate;
  readonly dead = new Set<Node>();
  /** Of key ids: the key, who was its master, and whether the other end has got it or may have lost it. */
  readonly given = new Map<string, { key: string; master: Site['siteId']; isFetched: boolean }>();
  transactions = 0;
  messages = 0;
  died = 0;
  #armed = true;

  private constructor(network: Network, fate: Fate) {
    this.network = network;
    this.#fate = fate;
    for (const node of NODES) this.#watch(node);
    network.between = async (message, on, from, to) => {
      const isNow = this.#armed && this.#fate.what !== 'transaction' && ++this.messages === this.#fate.at;
      const victim = (this.#fate.what === 'sender' ? from : to) as Node;
      if (isNow && this.#fate.when === 'before') this.#kill(victim);
      if (this.dead.has(to as Node)) throw new Error('connection refused');
      const answer = await on(message);
      if (isNow && this.#fate.when === 'after') this.#kill(victim);
      if (this.dead.has(to as Node)) throw new Error('connection reset');
      return answer;
    };
  }

  static async begin(t: Parameters<typeof Network.open>[0], fate: Fate): Promise<Day> {
    return new Day(await Network.open(t, { keyBytes: 0, relays: { micius: PLAN } }), fate);
  }

  #kill(node: Node): void {
    this.died++;
    this.dead.add(node);
  }

  #watch(node: Node): void {
    const vault = this.network.vaultOf(node);
    const original = vault.atomically.bind(vault);
    vault.atomically = async <T>(work: (tx: VaultTransaction) => Promise<T>, scope?: string): Promise<T> => {
      const check = (): void => {
        if (this.dead.has(node) || this.network.vaultOf(node) !== vault) throw new Error('killed');
      };
      check();
      const isNow = this.#armed && this.#fate.what === 'transaction' && ++this.transactions === this.#fate.at;
      if (!isNow) {
        const result = await original(work, scope);
        check();
        return result;
      }
      if (this.#fate.when === 'before') {
        await original(async (tx) => {
          await work(tx);
          throw new Error('killed');
        }, scope).catch(() => undefined);
      } else await original(work, scope).catch(() => undefined);
      this.#kill(node);
      throw new Error('killed');
    };
  }

  async revive(): Promise<void> {
    for (const node of [...this.dead]) {
      await (this.network.sites.get(node) ?? this.network.relay(node)).crash();
      this.dead.delete(node);
      this.#watch(node);
    }
  }

  /** Nobody dies any more. */
  disarm(): void {
    this.#armed = false;
  }

  async pass(): Promise<void> {
    this.#armed = false;
    for (const station of ['beijing', 'moscow']) {
      const told = labels([`micius-${station}`], { routes: [['micius', station]], createdAtMs: this.network.nowMs });
      const seed = this.network.nowMs + (station === 'beijing' ? 0 : 40);
      await this.network.share('micius', station, DIRECT, { keyBytes: 2_560, padBytes: 512, labels: told, seed });
    }
    this.#armed = true;
  }

  async flush(...nodes: Node[]): Promise<void> {
    for (const node of nodes) {
      await (this.network.sites.get(node)?.kme ?? this.network.relay(node).exchange).flush();
      await this.revive();
    }
  }

  async get(from: 'beijing' | 'moscow', number: number): Promise<void> {
    const response = await this.network[from].call('POST', 'enc_keys', { json: { number } });
    await this.revive();
    assert.ok([200, 503].includes(response.status), text(response));
    if (response.status !== 200) return;
    for (const { key_ID, key } of keysOf(response)) {
      assert.ok(!this.given.has(key_ID), `${key_ID} was given twice`);
      this.given.set(key_ID, { key, master: from, isFetched: false });
    }
  }

  async fetch(): Promise<void> {
    for (const [keyId, known] of this.given) {
      if (known.isFetched) continue;
      const slave = this.network[known.master === 'beijing' ? 'moscow' : 'beijing'];
      const died = this.died;
      const response = await slave.fetch([keyId]);
      await this.revive();
      known.isFetched = true;
      if (response.status === 200) assert.equal(keysOf(response)[0]!.key, known.key);
      else {
        assert.notEqual(this.died, died, `${keyId} was given to the master and must be there: ${text(response)}`);
        // Killed before it was on the disk: it is still there. After it: the answer is lost, and the key with it.
        const again = await slave.fetch([keyId]);
        if (again.status === 200) assert.equal(keysOf(again)[0]!.key, known.key);
        else assert.match(text(again), /not found/);
      }
      const before = this.died;
      const { status } = await slave.fetch([keyId]);
      assert.ok(status === 400 || (status === 503 && this.died > before), `${keyId}: once is enough, not ${status}`);
      await this.revive();
    }
  }
}

async function live(day: Day): Promise<void> {
  const { network } = day;
  await day.pass();
  await day.flush('micius', 'beijing', 'moscow', 'micius', 'beijing');
  await day.get('beijing', 2);
  await day.fetch();
  await day.get('beijing', 1);
  await day.get('beijing', 1);
  await day.get('moscow', 1);
  await day.fetch();
  network.nowMs += 1_000;
  await network.moscow.kme.raiseAlarm('micius-moscow', 'tapped').catch(() => undefined);
  await day.revive();
  // A site whose vault was killed under an alarm raises it again: its link is still what it was.
  if ((await network.moscow.kme.alarms().catch(() => [])).length === 0) {
    await day.revive();
    await network.moscow.kme.raiseAlarm('micius-moscow', 'tapped').catch(() => undefined);
    await day.revive();
  }
  await day.flush('moscow', 'micius', 'beijing', 'moscow');
  network.nowMs += 1_000;
  await network.moscow.kme.reopen('micius-moscow').catch(() => undefined);
  await day.revive();
  await network.moscow.kme.reopen('micius-moscow').catch(() => undefined);
  await day.revive();
  await day.flush('moscow', 'micius', 'beijing', 'moscow', 'micius');
  await day.pass();
  await day.flush('micius', 'beijing', 'micius', 'beijing');
  await day.get('moscow', 2);
  await day.fetch();
}

async function isSound(day: Day, fate: string): Promise<void> {
  const { network } = day;
  const { beijing, moscow } = network;
  day.disarm();
  await network.settle();
  const keys = [...day.given.values()].map(({ key }) => key);
  assert.equal(new Set(keys).size, keys.length, `${fate}: two ids for one key`);
  for (const node of NODES) {
    assert.deepEqual(await network.tx(node).outbox.list(), [], `${fate}: ${node} has told everything`);
    assert.deepEqual(await network.tx(node).held(), [], `${fate}: ${node} has confirmed everything`);
    const alarms = await network.vaultOf(node).atomically((tx) => tx.recallAll('alarm/'));
    assert.deepEqual(
      alarms.map(({ value }) => (value as { state: string }).state),
      ['open'],
      `${fate}: ${node}`,
    );
  }
  for (const lane of LANES) {
    assert.equal(await beijing.available(lane), await moscow.available(lane), `${fate}: ${lane}`);
    assert.ok((await beijing.available(lane)) > 300, `${fate}: ${lane} has key again`);
  }
  await day.get('beijing', 2);
  await day.get('moscow', 2);
  assert.equal(day.given.size, keys.length + 4, `${fate}: both go on`);
  await day.fetch();
  assert.ok(json(await beijing.call('GET', 'status')).stored_key_count);
}

/** A day for each moment at which somebody can die, until one in which nobody did. Returns how many there were. */
async function days(what: Fate['what'], when: Fate['when']): Promise<number> {
  let at = what === 'transaction' && when === 'after' ? 2 - STEP : what === 'transaction' ? 1 - STEP : 0;
  let tried = -1;
  for (let last = false; !last; tried++) {
    at += what === 'transaction' ? STEP : 1;
    const after: (() => unknown)[] = [];
    const day = await Day.begin({ after: (done) => void after.push(done) }, { at, what, when });
    try {
      await live(day);
      last = day.died === 0;
      await isSound(day, `${what} ${at}, ${when}`);
    } finally {
      for (const done of after) await done();
    }
  }
  return tried;
}

for (const when of ['before', 'after'] as const) {
  test(`killed ${when} every transaction of a day: it recovers, and no key comes out twice`, async () => {
    const count = await days('transaction', when);
    assert.ok(count > 200 / STEP, `${count} transactions were tried`);
  });

  for (const what of ['sender', 'receiver'] as const) {
    test(`the ${what} killed ${when} every message of a day: it recovers, and no key comes out twice`, async () => {
      const count = await days(what, when);
      assert.ok(count > 10, `${count} messages were tried`);
    });
  }
}
