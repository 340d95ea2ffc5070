import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NodeError } from '../../error.ts';
import { Place } from '../store/test/place.ts';
import { Origin } from './origin.ts';
import { type Browser, HOUR_MS, House, type MemoryState, ORIGIN, tokenOf } from './test/house.ts';

const ALL = ['speaker', 'operator', 'approver'] as const;

describe('the first persons of a desk', () => {
  it('are two, with every role, and no more once somebody is there', async (t) => {
    const house = await House.open(t);
    const links = await house.signIn.firstInvitations('Zvenigorod');
    assert.deepEqual(
      links.map(({ name, roles }) => [name, roles]),
      [
        ['First person of Zvenigorod', ALL],
        ['Second person of Zvenigorod', ALL],
      ],
    );
    assert.match(links[0]!.link, /^http:\/\/localhost:24461\/#enrol=[\w-]{43}$/);
    const [anna, bert] = [house.browser(), house.browser()];
    assert.equal((await anna.enrol(links[0]!, {}, 'Anna')).body.name, 'Anna');
    assert.deepEqual(await house.signIn.firstInvitations('Zvenigorod'), []);
    assert.equal((await bert.enrol(links[1]!, {}, 'Bert')).status, 200, 'the second link is still good');
    for (const browser of [anna, bert]) assert.equal((await browser.post('/api/alarm/approve')).status, 200);
  });

  it('get new links with the next start while nobody is there, and the old ones are void', async (t) => {
    const house = await House.open(t);
    const [old] = await house.signIn.firstInvitations('Zvenigorod');
    const again = await House.open(t, { state: house.state });
    const [link] = await again.signIn.firstInvitations('Zvenigorod');
    assert.equal((await again.browser().enrol(old!)).status, 403);
    assert.equal((await again.browser().enrol(link!)).status, 200);
  });
});

describe('a desk whose operators have all lost their devices', () => {
  it('gets one more from the machine of its site: with every role, by name, and the others hear of it', async (t) => {
    const house = await House.open(t);
    const anna = await house.person('Anna', [...ALL]);
    const link = await house.signIn.newOperator('Zvenigorod');
    const again = await House.open(t, { state: house.state });
    assert.match(
      again.journal.join(),
      /at the site's own machine an enrolment link with every role was made \("New operator of Zvenigorod"\), good until 2026-11-23 12:00 UTC: an operator can withdraw it/,
    );
    assert.ok(!again.journal.join().includes(tokenOf(link)));
    const carol = again.browser();
    const { body } = await carol.enrol(link, {}, 'Carol');
    assert.deepEqual([body.name, body.roles], ['Carol', ALL]);
    assert.equal((await again.browser().enrol(link)).status, 403, 'it works once');
    const { persons } = (await carol.get('/api/persons')).body;
    const lost = persons.find(({ name }: { name: string }) => name === 'Anna');
    assert.equal((await carol.post('/api/persons/remove', { id: lost.id })).status, 200);
    assert.equal((await House.open(t, { state: house.state })).journal.length, 0, 'a used link is no news');
    assert.ok(anna);
  });

  it('has another way in while nobody was ever there, and says which', async (t) => {
    const house = await House.open(t);
    await assert.rejects(house.signIn.newOperator('Zvenigorod'), {
      code: 'desk/person',
      message: /nobody is enrolled at this desk yet: start its site/,
    });
  });

  it('hears nothing of links that its operators made, and can withdraw the other', async (t) => {
    const house = await House.open(t);
    const anna = await house.person('Anna', [...ALL]);
    await anna.post('/api/persons/invite', { name: 'Bert', roles: ['speaker'] });
    assert.equal((await House.open(t, { state: house.state })).journal.length, 0);
    const link = await house.signIn.newOperator('Zvenigorod');
    const { invitations } = (await anna.get('/api/persons')).body;
    const made = invitations.find(({ name }: { name: string }) => name === 'New operator of Zvenigorod');
    await anna.post('/api/persons/remove', { id: made.id });
    assert.equal((await house.browser().enrol(link)).status, 403);
  });
});

describe('an operator', () => {
  it('invites, sees who is there and who may still come, and withdraws', async (t) => {
    const house = await House.open(t);
    const anna = await house.person('Anna', ['operator']);
    const { body: link } = await anna.post('/api/persons/invite', {
      name: ' Björn   Ö ',
      roles: ['approver', 'speaker', 'speaker'],
    });
    assert.deepEqual([link.name, link.roles], ['Björn Ö', ['speaker', 'approver']]);
    const { body: carl } = await anna.post('/api/persons/invite', { name: 'Carl', roles: ['speaker'] });
    const before = (await anna.get('/api/persons')).body;
    assert.deepEqual(
      before.invitations.map(({ name }: { name: string }) => name),
      ['Björn Ö', 'Carl'],
    );
    assert.ok(!JSON.stringify(before).includes(tokenOf(link)), 'a link is shown once');
    const bjorn = house.browser();
    await bjorn.enrol(link);
    await anna.post('/api/persons/remove', { id: before.invitations[1].id });
    assert.equal((await house.browser().enrol(carl)).status, 403);
    const { persons, invitations } = (await anna.get('/api/persons')).body;
    assert.deepEqual(invitations, []);
    assert.deepEqual(persons[1], {
      id: persons[1].id,
      name: 'Björn Ö',
      roles: ['speaker', 'approver'],
      keys: [{ kind: 'passkey', addedUtcMs: house.nowMs, usedUtcMs: house.nowMs }],
      isSignedIn: true,
    });
    assert.deepEqual(house.journal, [
      'The test invited Anna as operator',
      'Anna was enrolled as operator',
      'Anna invited Björn Ö as speaker, approver',
      'Anna invited Carl as speaker',
      'Björn Ö was enrolled as speaker, approver',
      'Anna withdrew the enrolment link of Carl',
    ]);
  });

  it('removes a person, who is gone everywhere at once', async (t) => {
    const house = await House.open(t);
    const anna = await house.person('Anna', ['operator']);
    const bert = await house.person('Bert', ['speaker']);
    const { id } = (await bert.get('/api/me')).body;
    const { body: another } = await anna.post('/api/persons/invite', { id });
    const { body: options } = await bert.post('/api/sign-in/options');
    const credential = bert.authenticator.get(options);
    assert.equal((await anna.post('/api/persons/remove', { id })).status, 200);
    assert.equal((await bert.get('/api/me')).status, 401);
    assert.equal((await bert.post('/api/sign-in', { credential })).status, 403, 'begun before');
    assert.equal((await bert.signIn()).status, 403);
    assert.equal((await house.browser().enrol(another)).status, 403, 'nor by the link for another key');
    assert.equal((await anna.post('/api/persons/remove', { id })).status, 409);
    // Of him nothing is left but the hash of the link he came by.
    const kept = [...house.state.records.keys()].filter(
      (name) => house.state.text().includes(`${name} `) && Buffer.from(house.state.records.get(name)!).includes(id),
    );
    assert.deepEqual(
      kept.map((name) => name.split('/')[1]),
      ['invitation'],
    );
  });

  it('does so also while that person is just signing in', async (t) => {
    const house = await House.open(t);
    const anna = await house.person('Anna', ['operator']);
    const bert = await house.person('Bert', ['speaker']);
    const { id } = (await bert.get('/api/me')).body;
    const { body: options } = await bert.post('/api/sign-in/options');
    await Promise.all([
      bert.post('/api/sign-in', { credential: bert.authenticator.get(options) }),
      anna.post('/api/persons/remove', { id }),
    ]);
    assert.equal((await bert.get('/api/me')).status, 401);
    assert.ok(!house.state.text().includes(`"personId":"${id}","keyId"`), 'no session is left');
  });

  it('gives a person another key', async (t) => {
    const house = await House.open(t);
    const anna = await house.person('Anna', ['operator']);
    const { id } = (await anna.get('/api/me')).body;
    const { body: link } = await anna.post('/api/persons/invite', { id });
    const tablet = house.browser();
    const options = await tablet.post('/api/enrol/options', { token: tokenOf(link) });
    assert.deepEqual(
      options.body.excludeCredentials.map((each: { id: string }) => each.id),
      [anna.authenticator.made!.id],
    );
    assert.equal((await tablet.enrol(link, {}, 'Somebody else')).body.name, 'Anna');
    for (const browser of [anna, tablet]) assert.equal((await browser.signIn()).body.id, id);
    assert.equal((await anna.get('/api/persons')).body.persons[0].keys.length, 2);
    assert.equal((await anna.post('/api/persons/invite', { id: 'nobody' })).status, 409);
  });

  it('who is the last cannot be removed, by nobody, not by two at once', async (t) => {
    const house = await House.open(t);
    const [anna, bert] = [await house.person('Anna', ['operator']), await house.person('Bert', ['operator'])];
    await house.person('Carl', ['speaker']);
    const ids: string[] = [];
    for (const browser of [bert, anna]) ids.push((await browser.get('/api/me')).body.id);
    const both = await Promise.all(
      [anna, bert].map((browser, i) => browser.post('/api/persons/remove', { id: ids[i] })),
    );
    assert.deepEqual(both.map(({ status }) => status).sort(), [200, 409]);
    assert.match(
      both.find(({ status }) => status === 409)!.body.error,
      /is the last operator.*enrol another operator first/,
    );
    assert.equal(house.signIn.persons().persons.length, 2);
  });

  it('is told what is wrong with a name or with roles', async (t) => {
    const house = await House.open(t);
    const anna = await house.person('Änna', ['operator']);
    await anna.post('/api/persons/invite', { name: 'Bert', roles: ['speaker'] });
    for (const [name, says] of [
      ['', /1 to 80 letters/],
      ['   ', /1 to 80 letters/],
      ['x'.repeat(81), /1 to 80 letters/],
      [undefined, /1 to 80 letters/],
      [['Bert'], /1 to 80 letters/],
      ['Be\u0000rt', /cannot be seen/],
      ['Ann\u202eA', /cannot be seen/],
      ['anna', /has this name already/],
      ['BERT', /has this name already/],
    ] as const) {
      const { status, body } = await anna.post('/api/persons/invite', { name, roles: ['speaker'] });
      assert.equal(status, 409);
      assert.match(body.error, says, JSON.stringify(name));
    }
    for (const roles of [undefined, [], 'operator', ['boss'], ['speaker', 'boss'], [['speaker']]]) {
      assert.match(
        (await anna.post('/api/persons/invite', { name: 'Carl', roles })).body.error,
        /at least one of the roles speaker/,
      );
    }
    assert.equal((await anna.post('/api/persons/invite', { name: 'علی\u200cرضا', roles: ['speaker'] })).status, 200);
  });
});

describe('what the disk does', () => {
  it('a full one leaves a link as it was, and nobody half enrolled', async (t) => {
    const house = await House.open(t);
    const link = await house.signIn.invite({ id: '', name: 'The test', roles: [] }, 'Anna', ['speaker']);
    house.state.failure = new NodeError('desk/disk-full', 'no room: free some space');
    const browser = house.browser();
    const { status, body, cookies } = await browser.enrol(link);
    assert.deepEqual([status, body.error, cookies], [409, 'no room: free some space', []]);
    assert.equal(house.signIn.persons().persons.length, 0);
    house.state.failure = undefined;
    assert.equal((await browser.enrol(link)).status, 200);
    house.state.failure = new NodeError('desk/disk-full', 'no room: free some space');
    const { id } = (await browser.get('/api/me')).body;
    await assert.rejects(house.signIn.remove({ id: '', name: 'The test', roles: [] }, id), /no room/);
    assert.equal((await browser.get('/api/me')).status, 200, 'who could not be removed is there, and that was said');
    assert.equal((await browser.post('/api/sign-out')).status, 409);
  });

  it('a real one keeps persons, keys and counts; one put back from a copy keeps no session and no link', async (t) => {
    const place = new Place(t);
    let store = await place.open();
    const open = async (): Promise<House> =>
      House.open(t, { state: store as unknown as MemoryState, restored: store.restored });
    let house = await open();
    const anna = await house.person('Anna', [...ALL]);
    const link = await house.signIn.invite({ id: '', name: 'The test', roles: [] }, 'Bert', ['speaker']);
    place.keep('old');
    await anna.signIn();
    await store.close();
    const carry = (): Browser => {
      const browser = house.browser();
      browser.authenticator = anna.authenticator;
      for (const [name, value] of anna.cookies) browser.cookies.set(name, value);
      return browser;
    };

    store = await place.open();
    house = await open();
    assert.equal((await carry().get('/api/me')).body.name, 'Anna');
    const thief = carry();
    thief.authenticator = anna.authenticator.cloned();
    thief.authenticator.made!.counter--;
    assert.equal((await thief.signIn()).status, 403);
    assert.equal((await carry().signIn()).status, 200);
    const words = place.bytes();
    for (const text of ['Anna', 'operator', 'sign-in/']) assert.ok(!words.includes(text));
    await store.close();

    place.putBack('old');
    store = await place.open();
    assert.equal(store.restored, true);
    house = await open();
    assert.equal((await carry().get('/api/me')).status, 401);
    assert.equal((await house.browser().enrol(link)).status, 403);
    assert.equal((await carry().signIn()).status, 200, 'persons and their passkeys are there');
    assert.match(house.journal[0]!, /put back from an old copy: everybody must sign in again/);
  });
});

it('a desk has an address that browsers allow passkeys at, or says so', () => {
  for (const [text, rpId] of [
    [ORIGIN, 'localhost'],
    ['https://desk.example', 'desk.example'],
    ['https://desk.example:8443/', 'desk.example'],
  ] as const) {
    assert.equal(new Origin(text).rpId, rpId);
  }
  for (const [text, says] of [
    ['http://127.0.0.1:24461', /give a name and no number/],
    ['http://[::1]:24461', /give a name and no number/],
    ['http://desk.example', /https, and over http on this very machine/],
    ['desk.example', /scheme, name and port/],
    ['https://desk.example/desk', /scheme, name and port/],
    ['file:///x', /scheme, name and port/],
    ['', /scheme, name and port/],
  ] as const) {
    assert.throws(() => new Origin(text), says, text);
  }
  assert.ok(HOUR_MS > 0);
});
