import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DeskRole } from '@skykey/telemetry';
import Fastify from 'fastify';
import { serveSignIn } from './serve-sign-in.ts';
import { type Browser, HOUR_MS, House, MemoryState, ORIGIN } from './test/house.ts';

const MINUTE_MS = 60_000;

/** Every route of the door and of a desk behind it, with the role it needs; null: signed in, whatever the role. */
const ROUTES: readonly (readonly [method: 'GET' | 'POST', path: string, role: DeskRole | null])[] = [
  ['GET', '/api/me', null],
  ['GET', '/api/persons', 'operator'],
  ['POST', '/api/persons/invite', 'operator'],
  ['POST', '/api/persons/remove', 'operator'],
  ['GET', '/api/state', 'speaker'],
  ['POST', '/api/messages', 'speaker'],
  ['POST', '/api/alarm/approve', 'approver'],
];
const OPEN = [
  '/api/enrol/link',
  '/api/enrol/options',
  '/api/enrol',
  '/api/sign-in/options',
  '/api/sign-in',
  '/api/sign-out',
];

const sets: DeskRole[][] = [
  ['speaker'],
  ['operator'],
  ['approver'],
  ['speaker', 'approver'],
  ['speaker', 'operator', 'approver'],
];

describe('a route', () => {
  it('lets those through who have its role, and nobody else', async (t) => {
    const house = await House.open(t);
    await house.person('Somebody else', ['operator']);
    let cells = 0;
    for (const roles of sets) {
      const browser = await house.person(roles.join(' and '), roles);
      for (const [method, path, role] of ROUTES) {
        const { status, body } = await browser.ask(method, path);
        cells++;
        if (role !== null && !roles.includes(role)) {
          assert.equal(status, 403, `${method} ${path} by ${roles}`);
          assert.equal(
            body.error,
            `this needs the role ${role}, and ${roles.join(' and ')} has ${roles.join(', ')}: ask somebody who has it, or an operator for it`,
          );
        } else assert.ok(status === 200 || status === 409, `${method} ${path} by ${roles}: ${status}`);
      }
    }
    assert.equal(cells, sets.length * ROUTES.length);
  });

  it('is closed to whoever is not signed in, with the one status that means this', async (t) => {
    const house = await House.open(t);
    const anna = await house.person('Anna', ['speaker', 'operator', 'approver']);
    const session = [...anna.cookies].find(([name]) => name.includes('-session-'))!;
    const forged = house.browser();
    forged.cookies.set(session[0], 'A'.repeat(43));
    const empty = house.browser();
    empty.cookies.set(session[0], '');
    for (const browser of [house.browser(), forged, empty]) {
      for (const [method, path] of ROUTES) {
        const { status, body } = await browser.ask(method, path);
        assert.equal(status, 401, `${method} ${path}`);
        assert.match(body.error, /you are not signed in, or were away for too long: sign in with your passkey/);
      }
    }
    for (const path of OPEN) assert.notEqual((await house.browser().post(path)).status, 401, path);
  });

  it('changes nothing for another page, a form, or whoever does not say where it stands', async (t) => {
    const house = await House.open(t);
    const anna = await house.person('Anna', ['speaker', 'operator', 'approver']);
    const posts = [...OPEN, ...ROUTES.filter(([method]) => method === 'POST').map(([, path]) => path)];
    const false_: Record<string, string | undefined>[] = [
      { origin: undefined },
      { origin: 'null' },
      { origin: 'http://localhost:24462' },
      { origin: 'http://localhost' },
      { origin: 'https://localhost:24461' },
      { origin: `${ORIGIN}/` },
      { origin: `${ORIGIN}.evil.example` },
      { 'content-type': 'text/plain' },
      { 'content-type': 'application/jsonp' },
      { 'content-type': undefined },
    ];
    for (const path of posts) {
      for (const headers of false_) {
        const { status } = await anna.post(path, {}, headers);
        assert.equal(status, 403, `${path} ${JSON.stringify(headers)}`);
      }
    }
    const { body } = await anna.post('/api/messages', {}, { origin: undefined });
    assert.match(body.error, /does not come from the desk's own page: open http:\/\/localhost:24461 and do it there/);
    assert.equal((await anna.get('/api/me')).status, 200, 'she is still signed in');
    // Reading: a page of another origin is told nothing, and opens no socket.
    assert.equal((await anna.get('/api/state', { origin: 'http://localhost:24462' })).status, 403);
    assert.equal((await anna.get('/api/state', { upgrade: 'websocket', connection: 'upgrade' })).status, 403);
    assert.equal(
      (await anna.get('/api/state', { upgrade: 'websocket', connection: 'upgrade', origin: ORIGIN })).status,
      200,
    );
    assert.equal((await anna.get('/api/state', { origin: ORIGIN })).status, 200);
  });

  it('takes the bytes of a file from its own page, which says so in a header that no form can send', async (t) => {
    const house = await House.open(t);
    const anna = await house.person('Anna', ['speaker']);
    const server = Fastify();
    t.after(() => server.close());
    const door = serveSignIn(server, { signIn: house.signIn, prefix: '/desk/a' });
    server.addContentTypeParser('*', (_request, _payload, done) => done(null));
    server.post('/desk/a/api/files', { onRequest: door.require('speaker') }, async () => ({}));
    const own = {
      cookie: [...anna.cookies].map((each) => each.join('=')).join('; '),
      origin: ORIGIN,
      'content-type': 'application/octet-stream',
      'x-skykey': '1',
    };
    const send = async (headers: Record<string, string>): Promise<number> =>
      (await server.inject({ method: 'POST', url: '/desk/a/api/files', headers, payload: 'x' })).statusCode;
    assert.equal(await send(own), 200);
    const { 'x-skykey': _mark, ...form } = own;
    assert.equal(await send(form), 403);
    assert.equal(await send({ ...own, origin: 'http://localhost:1' }), 403);
    const { cookie, ...headers } = own;
    assert.equal((await server.inject({ url: '/desk/a/api/me', headers: { cookie } })).json().name, 'Anna');
    assert.equal(await send(headers), 401);
  });

  it('says who asks: the person as it is now', async (t) => {
    const house = await House.open(t);
    const seen: (string | undefined)[] = [];
    house.server.get('/api/long', { onRequest: house.door.require() }, async (request) => {
      seen.push(house.door.personOf(request)?.name);
      await anna.post('/api/sign-out');
      seen.push(house.door.personOf(request)?.name);
      return {};
    });
    house.server.get('/api/open', async (request) => ({ person: house.door.personOf(request) ?? null }));
    const anna = await house.person('Anna', ['speaker']);
    assert.deepEqual((await anna.post('/api/messages')).body, { author: 'Anna' });
    assert.deepEqual((await anna.get('/api/open')).body, { person: null }, 'nobody asked who that is');
    await anna.get('/api/long');
    assert.deepEqual(seen, ['Anna', undefined], 'a stream can end with the session');
  });
});

describe('a session', () => {
  it('is in a cookie that no script, no other site and no other desk has', async (t) => {
    const house = await House.open(t);
    const browser = house.browser();
    const options = await browser.post('/api/sign-in/options');
    assert.match(
      options.cookies[0]!,
      /^skykey-desk-browser-[0-9a-f]{8}=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/,
    );
    assert.deepEqual((await browser.post('/api/sign-in/options')).cookies, [], 'one mark is enough');
    const { cookies } = await browser.enrol(
      await house.signIn.invite({ id: '', name: '', roles: [] }, 'Anna', ['speaker']),
    );
    assert.match(cookies[0]!, /^skykey-desk-session-[0-9a-f]{8}=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/);
    const out = await browser.post('/api/sign-out');
    assert.match(out.cookies[0]!, /^skykey-desk-session-[0-9a-f]{8}=; Path=\/; HttpOnly; SameSite=Strict; Max-Age=0$/);
    const other = await House.open(t, { origin: 'http://localhost:24462' });
    const there = await other.browser().post('/api/sign-in/options');
    assert.notEqual(there.cookies[0]!.split('=')[0], options.cookies[0]!.split('=')[0]);
    const secure = await House.open(t, { origin: 'https://desk.example' });
    const cookie = secure.signIn.origin.cookie('session', 'x');
    assert.match(cookie, /^__Host-skykey-desk-session-[0-9a-f]{8}=x; Path=\/; HttpOnly; SameSite=Strict; Secure$/);
  });

  it('is over after sign-out, also for whoever copied its cookie; no answer may be kept by a cache', async (t) => {
    const house = await House.open(t);
    const anna = await house.person('Anna', ['speaker']);
    const thief = house.browser();
    for (const [name, value] of anna.cookies) thief.cookies.set(name, value);
    assert.equal((await thief.get('/api/me')).status, 200);
    await anna.post('/api/sign-out');
    assert.equal((await thief.get('/api/me')).status, 401);
    assert.equal((await anna.post('/api/sign-out')).status, 200, 'twice is once');
    const response = await house.server.inject({ url: '/api/me', headers: { host: 'localhost:24461' } });
    assert.equal(response.headers['cache-control'], 'no-store');
  });

  it('is another one with each sign-in, and the one before in this browser ends', async (t) => {
    const house = await House.open(t);
    const anna = await house.person('Anna', ['speaker']);
    const before = new Map(anna.cookies);
    await anna.signIn();
    const old = house.browser();
    for (const [name, value] of before) old.cookies.set(name, value);
    assert.equal((await old.get('/api/me')).status, 401);
    assert.equal((await anna.get('/api/me')).status, 200);
  });

  it('is over after half an hour without use, and after half a day with', async (t) => {
    const house = await House.open(t);
    const anna = await house.person('Anna', ['speaker']);
    house.tick(30 * MINUTE_MS - 1);
    assert.equal((await anna.get('/api/me')).status, 200);
    house.tick(30 * MINUTE_MS);
    assert.equal((await anna.get('/api/me')).status, 401);
    await anna.signIn();
    for (let i = 1; i < 24; i++) {
      house.tick(30 * MINUTE_MS - 1);
      assert.equal((await anna.get('/api/me')).status, 200, `${i} half hours`);
    }
    house.tick(30 * MINUTE_MS - 1);
    await anna.get('/api/me');
    house.tick(24);
    assert.equal((await anna.get('/api/me')).status, 401);
  });

  it('is not kept alive by a stream that only looks', async (t) => {
    const house = await House.open(t);
    const anna = await house.person('Anna', ['speaker']);
    const token = [...anna.cookies].find(([name]) => name.includes('-session-'))![1];
    for (let i = 0; i < 29; i++) {
      house.tick(MINUTE_MS);
      assert.equal(house.signIn.personOf(token)?.name, 'Anna');
    }
    house.tick(MINUTE_MS);
    assert.equal(house.signIn.personOf(token), undefined);
    assert.ok(house.state.text().includes('sign-in/session/'));
    await house.signIn.tick();
    assert.ok(!house.state.text().includes('sign-in/session/'), 'what is over is not kept');
  });

  it('is over when the clock is set back, since its age is not known then', async (t) => {
    const house = await House.open(t);
    const anna = await house.person('Anna', ['speaker']);
    house.tick(-30_000);
    assert.equal((await anna.get('/api/me')).status, 200, 'a little is not a step');
    house.tick(-HOUR_MS);
    assert.equal((await anna.get('/api/me')).status, 401);
  });

  it('lives through a restart, idle time counted, but not at another address', async (t) => {
    const state = new MemoryState();
    const house = await House.open(t, { state });
    const anna = await house.person('Anna', ['speaker']);
    const moved = async (options: Parameters<typeof House.open>[1], later: number): Promise<Browser> => {
      const next = await House.open(t, { state, nowMs: house.nowMs + later, ...options });
      const browser = next.browser();
      for (const [name, value] of anna.cookies) {
        browser.cookies.set(name, value);
        browser.cookies.set(next.signIn.origin.cookieName('session'), value);
      }
      return browser;
    };
    house.tick(20 * MINUTE_MS);
    await anna.get('/api/me');
    // That it was used is written down without anybody waiting for it.
    for (let i = 0; i < 3; i++) await new Promise((go) => setImmediate(go));
    assert.equal((await (await moved({}, 29 * MINUTE_MS)).get('/api/me')).status, 200);
    assert.equal((await (await moved({}, 40 * MINUTE_MS)).get('/api/me')).status, 401);
    const elsewhere = await moved({ origin: 'http://localhost:24462' }, 1);
    assert.equal((await elsewhere.get('/api/me')).status, 401);
  });

  it('is one of ten at most of a person: the oldest ends', async (t) => {
    const house = await House.open(t);
    const anna = await house.person('Anna', ['speaker']);
    const first = new Map(anna.cookies);
    for (let i = 0; i < 10; i++) {
      house.tick(1000);
      const browser = house.browser();
      browser.authenticator = anna.authenticator;
      await browser.signIn();
    }
    assert.ok([...first.keys()].length > 0);
    assert.equal((await anna.get('/api/me')).status, 401);
    assert.equal(house.state.text().match(/sign-in\/session\//g)?.length, 10);
  });
});
