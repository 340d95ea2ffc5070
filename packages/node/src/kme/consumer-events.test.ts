import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { after, before, describe, test } from 'node:test';
import { EVENTS_PATH } from './consumer-events.ts';
import { type ConsumerEvent, ConsumerLog } from './consumer-events-log.ts';
import { House, keysIn, policy, type SiteId } from './test/house.ts';

interface Told {
  readonly event: string;
  readonly id: string | undefined;
  readonly data: { [name: string]: unknown };
}

const parsed = (text: string): Told[] =>
  text
    .split('\n\n')
    .filter((block) => /^event: /m.test(block))
    .map((block) => ({
      event: /^event: (.*)$/m.exec(block)![1]!,
      id: /^id: (.*)$/m.exec(block)?.[1],
      data: JSON.parse(/^data: (.*)$/m.exec(block)![1]!),
    }));

describe('the log of an application', () => {
  const voided = (n: number): ConsumerEvent => ({ event: 'voided', data: { key_IDs: [`${n}`] } });
  const stock: ConsumerEvent = { event: 'stock', data: { SAE_ID: 'b', stored_key_count: 0 } };
  const begin = async (log: ConsumerLog, last?: string): Promise<Told[]> => {
    const reader = log.stream(last, () => [stock])[Symbol.asyncIterator]();
    const { value } = await reader.next();
    await reader.return!();
    return parsed(value);
  };
  const numbers = (told: readonly Told[]): string[] =>
    told.filter(({ event }) => event === 'voided').map(({ data }) => (data.key_IDs as string[])[0]!);

  test('gives a new reader how things stand, and one who comes back what it missed and nothing twice', async () => {
    const log = new ConsumerLog('run1');
    log.append(voided(1));
    const first = await begin(log);
    assert.deepEqual(
      first.map(({ event, id }) => [event, id]),
      [
        ['ready', 'run1.1'],
        ['stock', undefined],
      ],
    );
    log.append(voided(2));
    log.append(voided(3));
    const back = await begin(log, 'run1.1');
    assert.deepEqual(numbers(back), ['2', '3']);
    assert.deepEqual([back.at(-1)!.event, back.at(-1)!.id], ['ready', 'run1.3']);
    assert.deepEqual(numbers(await begin(log, 'run1.3')), []);
  });

  test('says how many are gone, and that it cannot know after another run', async () => {
    const log = new ConsumerLog('run1');
    for (let n = 1; n <= 300; n++) log.append(voided(n));
    const late = await begin(log, 'run1.10');
    assert.deepEqual([late[0]!.event, late[0]!.data.count], ['missed', 300 - 256 - 10]);
    assert.deepEqual([numbers(late).length, numbers(late)[0]], [256, '45']);
    assert.ok(late.some(({ event }) => event === 'stock'));
    for (const strange of ['run0.5', 'run1.301', 'nonsense', `run1.${'9'.repeat(40)}`]) {
      const told = await begin(log, strange);
      assert.deepEqual([told[0]!.event, told[0]!.data.count], ['missed', null], strange);
      assert.equal(numbers(told).length, 256);
    }
  });

  test('holds nothing for a reader that is slow: what it lost is told in its place', async () => {
    const log = new ConsumerLog('run1');
    const reader = log.stream(undefined, () => [stock])[Symbol.asyncIterator]();
    await reader.next();
    const waiting = reader.next();
    log.append(voided(1));
    assert.deepEqual(numbers(parsed((await waiting).value)), ['1']);
    for (let n = 2; n <= 300; n++) log.append(voided(n));
    const told = parsed((await reader.next()).value);
    assert.deepEqual([told[0]!.event, told[0]!.data.count, numbers(told)[0]], ['missed', 43, '45']);
    const last = reader.next();
    log.end();
    assert.equal((await last).done, true);
  });
});

/** One stream of an application, with the order in which things came. */
class Listener {
  readonly told: Told[] = [];
  status = 0;
  #response: IncomingMessage | undefined;
  readonly opened: Promise<void>;

  constructor(house: House, saeId: string, site: SiteId, lastEventId?: string) {
    const { cert, key, ca } = house.tls(saeId, 'kme');
    const files = { ca: readFileSync(ca), cert: readFileSync(cert), key: readFileSync(key) };
    this.opened = new Promise((resolve, reject) => {
      const call = request(
        {
          ...{ host: '127.0.0.1', port: house.port(site, 'etsi014'), path: EVENTS_PATH, agent: false, ...files },
          headers: lastEventId === undefined ? {} : { 'last-event-id': lastEventId },
        },
        (response) => {
          this.#response = response;
          this.status = response.statusCode!;
          let text = '';
          response.setEncoding('utf8').on('data', (part: string) => {
            text += part;
            const end = text.lastIndexOf('\n\n') + 2;
            this.told.push(...parsed(text.slice(0, end)));
            text = text.slice(end);
            resolve();
          });
          response.on('error', () => undefined);
          response.on('end', resolve);
        },
      );
      call.on('error', reject);
      call.end();
    });
  }

  of(event: string): Told['data'][] {
    return this.told.filter((each) => each.event === event).map(({ data }) => data);
  }

  get lastId(): string {
    return this.told.findLast(({ id }) => id !== undefined)!.id!;
  }

  close(): void {
    this.#response?.destroy();
  }
}

describe('applications of two key managers', { timeout: 200_000 }, () => {
  let house: House;
  before(async () => {
    house = await House.build({ courierBytes: 65_536 });
    house.write('policy.json', policy(['vpn', 'mail']));
    await house.startSites();
    await house.until('keys flow', async () => (await house.encKeys('paris')).status === 200);
  });
  after(() => house?.remove());

  test('hear of an alarm before its own request is answered, of what it voided, of no key any more, each its own', async () => {
    const stranger = await house.ask('vpn-wien', house.port('paris', 'etsi014'), EVENTS_PATH);
    assert.deepEqual([stranger.status, stranger.text], [401, ''], 'no application of this site');
    const post = await house.ask('vpn-paris', house.port('paris', 'etsi014'), EVENTS_PATH, {});
    assert.deepEqual([post.status, post.headers.allow], [405, 'GET']);

    const vpnParis = new Listener(house, 'vpn-paris', 'paris');
    const vpnLyon = new Listener(house, 'vpn-lyon', 'lyon');
    const mailLyon = new Listener(house, 'mail-lyon', 'lyon');
    const listeners = [vpnParis, vpnLyon, mailLyon];
    await Promise.all(listeners.map(({ opened }) => opened));
    for (const listener of listeners) assert.equal(listener.told[0]!.event, 'ready');
    assert.ok((vpnParis.of('stock')[0]!.stored_key_count as number) > 0);

    const enc = keysIn(await house.encKeys('paris', { number: 3 }));
    const ids = enc.map(({ key_ID }) => key_ID);
    assert.equal((await house.decKeys('lyon', [ids[0]!])).status, 200);
    const raised = await house.operations('paris', '/api/links/courier-1/alarm', { reason: 'the bag was open' });
    assert.equal(raised.status, 200);
    assert.deepEqual(
      vpnParis.of('alarm'),
      [{ link: 'courier-1', reason: 'the bag was open', SAE_IDs: ['vpn-lyon'] }],
      'before the answer to the operator',
    );
    assert.deepEqual(vpnParis.of('voided'), [{ key_IDs: ids }], 'it holds keys that rest on the link');
    await house.until(
      'everybody was told',
      () => [vpnLyon, mailLyon].every((each) => each.of('alarm').length === 1) && vpnLyon.of('voided').length > 1,
    );
    assert.deepEqual(mailLyon.of('alarm')[0]!.SAE_IDs, ['mail-paris']);
    const voidedAtLyon = vpnLyon.of('voided').flatMap(({ key_IDs }) => key_IDs as string[]);
    assert.equal(new Set(voidedAtLyon).size, voidedAtLyon.length, 'each once');
    for (const id of ids) assert.ok(voidedAtLyon.includes(id), 'fetched or not');
    assert.ok(!mailLyon.of('voided').some(({ key_IDs }) => ids.some((id) => (key_IDs as string[]).includes(id))));
    await house.until('there are no keys', () => vpnParis.of('stock').at(-1)!.stored_key_count === 0);
    assert.deepEqual(vpnParis.of('stock').at(-1), { SAE_ID: 'vpn-lyon', stored_key_count: 0 });

    // Away while the link is reopened; then back by the last id.
    const { lastId } = vpnLyon;
    vpnLyon.close();
    assert.equal((await house.operations('paris', '/api/links/courier-1/reopen', {})).status, 200);
    await house.until('the others were told', () => mailLyon.of('reopened').length === 1);
    const back = new Listener(house, 'vpn-lyon', 'lyon', lastId);
    await back.opened;
    assert.deepEqual(back.of('reopened'), [{ link: 'courier-1', SAE_IDs: ['vpn-paris'] }]);
    assert.deepEqual([back.of('missed'), back.of('alarm')], [[], []]);
    back.close();
    const text = JSON.stringify(listeners.map(({ told }) => told));
    for (const { key } of enc) assert.ok(!text.includes(key));
    for (const listener of listeners) listener.close();
  });

  test('may have sixteen streams each, and the next one waits until one is closed', async () => {
    const many = Array.from({ length: 16 }, () => new Listener(house, 'mail-paris', 'paris'));
    await Promise.all(many.map(({ opened }) => opened));
    const more = await house.ask('mail-paris', house.port('paris', 'etsi014'), EVENTS_PATH);
    assert.equal(more.status, 503);
    assert.equal(more.headers['retry-after'], '5');
    for (const each of many) each.close();
    await house.until('there is room', async () => {
      const one = new Listener(house, 'mail-paris', 'paris');
      await one.opened;
      one.close();
      return one.status === 200;
    });
  });
});
