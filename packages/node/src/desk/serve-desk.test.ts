import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { get, type IncomingMessage, request } from 'node:http';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { describe, it, type TestContext } from 'node:test';
import { DEFAULT_POLICY, type LinePolicy } from '@skykey/hotline';
import type { DeskRole } from '@skykey/telemetry';
import type { FastifyInstance } from 'fastify';
import { listenLocally, localServer } from '../wire/http.ts';
import { serveDesk } from './serve-desk.ts';
import { SignIn } from './sign-in/index.ts';
import { Browser, MemoryState, ORIGIN } from './sign-in/test/house.ts';
import { DeskPair } from './test/pair.ts';

/** What anybody may ask: everything else needs a person, and the role that stands beside it here. */
const OPEN = new Set([
  'POST /api/enrol/link',
  'POST /api/enrol/options',
  'POST /api/enrol',
  'POST /api/sign-in/options',
  'POST /api/sign-in',
  'POST /api/sign-out',
]);
const ROLES: Readonly<Record<string, DeskRole | null>> = {
  'GET /api/me': null,
  'GET /api/persons': 'operator',
  'POST /api/persons/invite': 'operator',
  'POST /api/persons/remove': 'operator',
  'GET /api/state': 'speaker',
  'GET /api/events': 'speaker',
  'GET /api/messages': 'speaker',
  'POST /api/messages': 'speaker',
  'GET /api/search': 'speaker',
  'POST /api/files': 'speaker',
  'GET /api/files/:id': 'speaker',
  'POST /api/files/:id/pause': 'speaker',
  'POST /api/files/:id/resume': 'speaker',
  'POST /api/files/:id/cancel': 'speaker',
  'POST /api/record': 'speaker',
  'GET /api/record': 'speaker',
  'POST /api/emergency': 'speaker',
  'POST /api/alarm/raise': 'speaker',
  'POST /api/alarm/approve': 'approver',
  'POST /api/alarm/withdraw': 'approver',
  'POST /api/retention': 'operator',
  'POST /api/noted': 'operator',
  'GET /api/call/servers': 'speaker',
  'POST /api/call': 'speaker',
  'POST /api/call/accept': 'speaker',
  'POST /api/call/end': 'speaker',
  'POST /api/call/signal': 'speaker',
  'POST /api/call/lease': 'speaker',
};

interface Served {
  readonly pair: DeskPair;
  readonly signIn: SignIn;
  readonly server: FastifyInstance;
  /** Every route of the interface, as it was registered. */
  readonly routes: readonly string[];
  person(name: string, roles: readonly DeskRole[]): Promise<Browser>;
}

async function serve(t: TestContext, policy?: LinePolicy): Promise<Served> {
  const server = localServer({ error: () => undefined });
  let end = (): void => undefined;
  t.after(async () => {
    end();
    await server.close();
  });
  const pair = await DeskPair.open(t, policy);
  const routes: string[] = [];
  server.addHook('onRoute', ({ method, url }) => {
    for (const each of [method].flat()) if (each !== 'HEAD' && url.startsWith('/api/')) routes.push(`${each} ${url}`);
  });
  const now = () => pair.places.here.nowMs;
  const signIn = await SignIn.open({ origin: ORIGIN, name: 'Desk', state: new MemoryState(), now });
  end = await serveDesk(server, { desk: pair.desks.here, signIn, pages: import.meta.dirname, iceServers: [] });
  const by = { id: 'nobody', name: 'The test', roles: ['operator' as const] };
  return {
    ...{ pair, signIn, server, routes },
    async person(name, roles) {
      const browser = new Browser(server, ORIGIN);
      assert.equal((await browser.enrol(await signIn.invite(by, name, roles))).status, 200);
      return browser;
    },
  };
}

describe('the interface of a desk', () => {
  it('has no route that nobody has decided about', async (t) => {
    const { routes } = await serve(t);
    assert.deepEqual(new Set(routes), new Set([...OPEN, ...Object.keys(ROLES)]));
  });

  it('is closed at each of them to whoever is not signed in, and to every other role', async (t) => {
    const { server, person } = await serve(t);
    const stranger = new Browser(server, ORIGIN);
    for (const name of Object.keys(ROLES)) {
      const [method, url] = name.split(' ') as ['GET' | 'POST', string];
      const { status } = await stranger.ask(method, url.replace(':id', 'x'));
      assert.equal(status, 401, name);
    }
    for (const role of ['speaker', 'operator', 'approver'] as const) {
      const browser = await person(role, [role]);
      for (const [name, needed] of Object.entries(ROLES)) {
        if (needed === null || needed === role) continue;
        const [method, url] = name.split(' ') as ['GET' | 'POST', string];
        const { status, body } = await browser.ask(method, url.replace(':id', 'x'));
        assert.equal(status, 403, `${name} by ${role}`);
        assert.match(body.error, new RegExp(`needs the role ${needed}`), name);
      }
    }
  });

  it('answers nothing to another page of this machine, which shares its cookies: cookies do not know of ports', async (t) => {
    const { person } = await serve(t);
    const anna = await person('Anna', ['speaker', 'operator', 'approver']);
    for (const [name, role] of Object.entries(ROLES)) {
      const [method, url] = name.split(' ') as ['GET' | 'POST', string];
      // What a browser says when a page of another port, or of another site, embeds it (Fetch Metadata).
      for (const site of ['same-site', 'cross-site']) {
        const { status, body } = await anna.ask(method, url.replace(':id', 'x'), {
          headers: { 'sec-fetch-site': site },
        });
        assert.equal(status, 403, `${name} ${role} ${site}`);
        assert.match(body.error, /does not come from the desk's own page/);
      }
    }
    for (const site of ['same-origin', 'none', undefined]) {
      assert.equal((await anna.get('/api/me', { 'sec-fetch-site': site })).status, 200, site);
    }
  });

  it('lets its page take script, style and answers from itself alone, and nobody frame it', async (t) => {
    const { server } = await serve(t);
    for (const url of ['/healthz', '/api/me', '/nothing']) {
      const { headers } = await server.inject({ url, headers: { host: new URL(ORIGIN).host } });
      const policy = String(headers['content-security-policy']);
      for (const part of ["default-src 'none'", "script-src 'self'", "connect-src 'self'", "frame-ancestors 'none'"]) {
        assert.ok(policy.includes(part), `${url}: ${policy}`);
      }
      assert.doesNotMatch(policy, /unsafe|\*|http/, url);
    }
  });

  it('understands nothing that is not what it was made for, and says so', async (t) => {
    const { person } = await serve(t);
    const anna = await person('Anna', ['speaker', 'operator', 'approver']);
    const long = 'x'.repeat(100);
    for (const [path, body] of [
      ['/api/messages', { text: 1, sealing: 'hybrid' }],
      ['/api/messages', { text: 'x', sealing: 'none' }],
      ['/api/messages', { text: 'x', sealing: 'hybrid', author: 'Somebody else' }],
      ['/api/call', { kind: 'telex' }],
      ['/api/call', { kind: 'voice', sealing: 'none' }],
      ['/api/call/lease', { id: 'x', session: long, have: [] }],
      ['/api/call/signal', { id: 'x', signal: 'text' }],
      ['/api/alarm/raise', { reason: '' }],
      ['/api/record', { on: 1 }],
      ['/api/retention', { days: 0 }],
      ['/api/retention', { days: 0.5 }],
      ['/api/retention', { days: -1 }],
    ] as const) {
      const { status, body: answer } = await anna.post(path, body);
      assert.equal(status, 409, `${path} ${JSON.stringify(body)}`);
      assert.match(answer.error, /the request is not understood/);
    }
    assert.equal((await anna.get('/api/files/..%2Fdesk.db')).status, 409);
    assert.match((await anna.get('/api/files/nobody')).body.error, /not here, or not whole yet/);
  });

  it('writes the name of the person who is signed in, and no other', async (t) => {
    const { pair, person } = await serve(t);
    const anna = await person('Anna', ['speaker']);
    assert.equal((await anna.post('/api/messages', { text: 'Hello', sealing: 'hybrid' })).status, 200);
    await pair.until(() => pair.desks.there.state().messages.length === 1);
    assert.equal(pair.desks.there.state().messages[0]!.author, 'Anna');
  });
});

interface PadTold {
  readonly padId: string;
  readonly block: number;
  readonly use: 'send' | 'receive';
  /** Base64. */
  readonly bytes: string;
}

describe('a call by one-time pad', () => {
  const POLICY: LinePolicy = {
    ...DEFAULT_POLICY,
    ...{ greenHours: 1, bitsPerHour: { 1: 200_000, 2: 200_000 }, voicePadMinutesPerDay: 2 },
  };

  it('gives both pages the same pads, each once, and says what is left', async (t) => {
    const { pair, person } = await serve(t, POLICY);
    const { here, there } = pair.desks;
    const anna = await person('Anna', ['speaker']);
    await pair.until(() => here.state().may.sealedSpeech.allowed && there.state().may.sealedSpeech.allowed);
    assert.deepEqual(here.state().padSpeech, { minutesPerDay: 2, leftMs: 120_000 });
    const { status, body: call } = await anna.post('/api/call', { kind: 'voice', sealing: 'sealed' });
    assert.deepEqual([status, call.kind, call.sealing], [200, 'voice', 'sealed']);
    await pair.until(() => there.state().call?.state === 'ringing');
    assert.equal(there.state().call!.sealing, 'sealed');
    await there.acceptCall(call.id);
    await pair.until(() => here.state().call?.state === 'connecting');
    const have = { here: new Set<string>(), there: new Set<string>() };
    const pads = { send: new Map<number, string>(), receive: new Map<number, string>() };
    for (let turn = 0; turn < 8; turn++) {
      const { body } = await anna.post('/api/call/lease', { id: call.id, session: 'ab', have: [...have.here] });
      for (const { keyId, stream } of body.keys) {
        assert.equal(stream, 'audio');
        have.here.add(keyId);
      }
      for (const { padId, block, use, bytes } of body.pads as readonly PadTold[]) {
        have.here.add(padId);
        if (use === 'send') pads.send.set(block, Buffer.from(bytes, 'base64').toString('hex'));
      }
      const other = await there.lease(call.id, [...have.there]);
      for (const { keyId } of other.keys) have.there.add(keyId);
      for (const { padId, block, use, bytes } of other.pads) {
        have.there.add(padId);
        if (use === 'receive') pads.receive.set(block, Buffer.from(bytes).toString('hex'));
      }
      pair.tick(200);
      await pair.until(() => true);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    assert.deepEqual([...pads.send.keys()], [0, 1, 2, 3], 'a page that has not spoken gets no more');
    for (const [block, hex] of pads.send) {
      assert.equal(hex.length, 8000);
      assert.equal(pads.receive.get(block), hex);
    }
    assert.equal(here.state().padSpeech.leftMs, 116_000);
    const stored = pair.places.here.bytes();
    for (const hex of pads.send.values()) assert.ok(!stored.includes(Buffer.from(hex.slice(0, 64), 'hex')));
  });

  it('is refused with the sentence where the policy allows none', async (t) => {
    const { pair, person } = await serve(t);
    const anna = await person('Anna', ['speaker']);
    await pair.until(() => pair.desks.here.state().may.call.allowed);
    const { status, body } = await anna.post('/api/call', { kind: 'voice', sealing: 'sealed' });
    assert.equal(status, 409);
    assert.match(body.error, /policy allows no speech by one-time pad/);
  });
});

describe('the events of a desk', () => {
  const listen = async (port: number, cookie: string): Promise<IncomingMessage> => {
    const headers = { cookie, host: new URL(ORIGIN).host };
    const [response] = (await once(get({ port, path: '/api/events', headers }), 'response')) as [IncomingMessage];
    response.setEncoding('utf8');
    return response;
  };

  it('end with the session, before the next word', async (t) => {
    const { pair, server, person } = await serve(t);
    const anna = await person('Anna', ['speaker']);
    const operator = await person('Olga', ['operator', 'speaker']);
    const cookie = [...anna.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const port = await listenLocally(server, 0, 'the test');
    const response = await listen(port, cookie);
    assert.equal(response.statusCode, 200);
    let heard = '';
    response.on('data', (text: string) => {
      heard += text;
    });
    await operator.post('/api/messages', { text: 'before', sealing: 'hybrid' });
    await pair.until(() => heard.includes('"before"'));
    const { persons } = (await operator.get('/api/persons')).body;
    const { id } = persons.find(({ name }: { name: string }) => name === 'Anna');
    await operator.post('/api/persons/remove', { id });
    const ended = once(response, 'end');
    await operator.post('/api/messages', { text: 'after', sealing: 'hybrid' });
    await ended;
    assert.ok(!heard.includes('"after"'));
    assert.equal((await listen(port, cookie)).statusCode, 401);
  });
});

describe('a file that is handed over', () => {
  const hand = (port: number, browser: Browser, bytes: Uint8Array, said = bytes.length): Promise<[number, string]> =>
    new Promise((resolve, reject) => {
      const asked = request(
        {
          ...{ port, method: 'POST', path: '/api/files' },
          headers: {
            ...{ host: new URL(ORIGIN).host, origin: ORIGIN, 'x-skykey': '1', 'x-skykey-name': 'map%20of%20it.png' },
            'content-type': 'application/octet-stream',
            'content-length': said,
            cookie: [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; '),
          },
        },
        async (response) => {
          let text = '';
          for await (const part of response) text += part;
          resolve([response.statusCode!, text]);
        },
      );
      asked.on('error', reject);
      asked.write(bytes);
      if (said === bytes.length) asked.end();
      else setTimeout(() => asked.destroy(), 300);
    });

  it('comes back as it was, and only to be saved', async (t) => {
    const { pair, server, person } = await serve(t);
    const anna = await person('Anna', ['speaker']);
    const port = await listenLocally(server, 0, 'the test');
    const bytes = randomBytes(300_000);
    const [status, text] = await hand(port, anna, bytes);
    assert.equal(status, 200, text);
    const { id, name } = JSON.parse(text) as { id: string; name: string };
    assert.equal(name, 'map of it.png');
    const { here, there } = pair.desks;
    await pair.until(() => here.view().files[0]?.state === 'done');
    const arrived = await buffer(there.readFile(id).content);
    assert.ok(arrived.equals(bytes));
    // And back: what this desk sent is not here any more.
    assert.equal((await anna.get(`/api/files/${id}`)).status, 409);
    const back = await there.sendFile('map.png', arrived.length, Readable.from([arrived]));
    await pair.until(() => here.view().files.some((file) => file.id === back.id && file.state === 'done'));
    const cookie = [...anna.cookies].map(([key, value]) => `${key}=${value}`).join('; ');
    const headers = { cookie, host: new URL(ORIGIN).host };
    const answer = await server.inject({ url: `/api/files/${back.id}`, headers });
    assert.ok(answer.rawPayload.equals(bytes));
    assert.match(String(answer.headers['content-disposition']), /^attachment/);
    assert.equal(answer.headers['content-security-policy'], 'sandbox');
  });

  it('that breaks off leaves nothing behind', async (t) => {
    const { pair, server, person } = await serve(t);
    const anna = await person('Anna', ['speaker']);
    const port = await listenLocally(server, 0, 'the test');
    await assert.rejects(hand(port, anna, randomBytes(50_000), 200_000));
    await pair.until(() => pair.stores.here.files.list().length === 0);
    assert.deepEqual(pair.desks.here.state().files, []);
  });
});
