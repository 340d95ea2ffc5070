import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { after, before, describe, it } from 'node:test';
import { EventReader, readEvent } from './events.ts';
import { ClientError, KmeClient, type KmeEvent } from './index.ts';
import { Authority, withoutOpenssl } from './test/authority.ts';
import { json, type ScriptedKme, scriptedKme } from './test/scripted-kme.ts';

const KEY_ID = '550E8400-E29B-41D4-A716-446655440000';
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const refused = (what: RegExp) => (error: unknown) =>
  error instanceof ClientError && error.code === 'client/malformed' && what.test(error.message);

describe('a stream of events', () => {
  const text =
    'retry: 2000\nid: r.1\nevent: ready\ndata: {}\n\n:\n\nevent: voided\r\ndata: {"key_IDs":\r\ndata: ["ä"]}\r\n\r\nid: r.2\ndata: x\n\n';

  it('reads the same however it is cut', () => {
    const whole = new EventReader().read(bytes(text));
    assert.deepEqual(
      whole.map(({ name, data, id, retryMs }) => [name, data, id, retryMs]),
      [
        ['ready', '{}', 'r.1', 2000],
        ['message', '', undefined, undefined],
        ['voided', '{"key_IDs":\n["ä"]}', undefined, undefined],
        ['message', 'x', 'r.2', undefined],
      ],
    );
    const source = bytes(text);
    for (let cut = 1; cut < source.length; cut++) {
      const reader = new EventReader();
      assert.deepEqual([...reader.read(source.slice(0, cut)), ...reader.read(source.slice(cut))], whole, `${cut}`);
    }
  });

  it('is refused when it is no text, or an event has no end', () => {
    assert.throws(() => new EventReader().read(Uint8Array.of(0x64, 0xff, 0x0a)), refused(/UTF-8/));
    const reader = new EventReader();
    assert.throws(
      () => {
        for (let i = 0; i < 300; i++) reader.read(bytes(`data: ${'x'.repeat(1000)}\n`));
      },
      refused(/longer than/),
    );
  });

  it('is checked to the last member, and unknown kinds are passed over', () => {
    const read = (name: string, data: string) => readEvent({ name, data, id: undefined, retryMs: undefined });
    assert.deepEqual(read('voided', `{"key_IDs":["${KEY_ID}"]}`), { type: 'voided', keyIds: [KEY_ID.toLowerCase()] });
    assert.deepEqual(read('alarm', '{"link":"l","reason":"r","SAE_IDs":["b"],"more":1}'), {
      ...{ type: 'alarm', link: 'l', reason: 'r', saes: ['b'] },
    });
    assert.deepEqual(read('missed', '{"count":null,"why":"w"}'), { type: 'missed', count: null, why: 'w' });
    assert.equal(read('something', 'x'), undefined);
    for (const [name, data] of [
      ['voided', '{"key_IDs":["x"]}'],
      ['voided', '{"key_IDs":7}'],
      ['alarm', '{"link":"l","reason":"r"}'],
      ['reopened', '[]'],
      ['stock', '{"SAE_ID":"b","stored_key_count":-1}'],
      ['missed', '{"count":1.5,"why":"w"}'],
      ['alarm', '{"link":"l","link":"m","reason":"r","SAE_IDs":[]}'],
    ] as const) {
      assert.throws(() => read(name, data), refused(/./), `${name} ${data}`);
    }
  });
});

describe('KmeClient.events', { skip: withoutOpenssl() }, () => {
  let kme: ScriptedKme;
  let client: KmeClient;
  before(async () => {
    const kmes = new Authority('KMEs');
    const saes = new Authority('SAEs');
    const own = kmes.issue('kme-a', 'URI:urn:skykey:kme-a,IP:127.0.0.1');
    kme = await scriptedKme({ ...own, ca: saes.cert });
    const saeA = saes.issue('sae-a', 'URI:urn:skykey:sae-a');
    client = new KmeClient({ url: `https://127.0.0.1:${kme.port}`, ca: kmes.cert, ...saeA });
    kmes.remove();
    saes.remove();
  });
  after(async () => {
    await client?.close();
    await kme?.close();
  });

  it('opens a stream that breaks again, from the last id, and ends with its signal', async () => {
    const ending = new AbortController();
    const [events, ids, lines]: [KmeEvent[], string[], string[]] = [[], [], []];
    const lastIds: unknown[] = [];
    let turn = 0;
    kme.answer = (response: ServerResponse): void => {
      lastIds.push(response.req.headers['last-event-id']);
      turn++;
      if (turn === 2) {
        json(503, { message: 'ending' }, { 'retry-after': '0' })(response);
        return;
      }
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(`retry: 100\nid: r.${turn}\nevent: ready\ndata: {}\n\n`);
      if (turn === 1) setImmediate(() => response.destroy());
    };
    await client.events({
      ...{ lastEventId: 'q.7', signal: ending.signal },
      onId: (id) => ids.push(id),
      onLine: (problem) => lines.push(problem?.code ?? 'open'),
      onEvent: (event) => {
        events.push(event);
        if (events.length === 2) ending.abort();
      },
    });
    assert.deepEqual(lastIds, ['q.7', 'r.1', 'r.1']);
    assert.deepEqual(ids, ['r.1', 'r.3']);
    assert.deepEqual(lines, ['open', 'client/unreachable', 'client/unavailable', 'open']);
    assert.deepEqual(events, [{ type: 'ready' }, { type: 'ready' }]);
  });

  it('gives up where there are no events, they are of another kind, or nobody takes them', async () => {
    const { signal } = new AbortController();
    const follow = (onEvent: () => void = () => undefined) => client.events({ signal, onEvent });
    const fails = (code: string) => (error: unknown) => error instanceof ClientError && error.code === code;
    kme.answer = json(404, { message: 'no such thing' });
    await assert.rejects(follow(), fails('client/refused'));
    kme.answer = json(401, '');
    await assert.rejects(follow(), fails('client/unauthorized'));
    const saying = (text: string) => (response: ServerResponse) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(text);
    };
    kme.answer = saying('event: stock\ndata: {}\n\n');
    await assert.rejects(follow(), fails('client/malformed'));
    kme.answer = saying('event: ready\ndata: {}\n\n');
    await assert.rejects(
      follow(() => {
        throw new Error('enough');
      }),
      /enough/,
    );
  });
});
