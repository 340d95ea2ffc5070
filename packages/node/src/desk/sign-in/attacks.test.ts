import 'reflect-metadata';
import assert from 'node:assert/strict';
import { KeyObject, sign } from 'node:crypto';
import { describe, it } from 'node:test';
import { BasicConstraintsExtension, X509CertificateGenerator } from '@peculiar/x509';
import { type RegistrationResponseJSON, verifyRegistrationResponse } from '@simplewebauthn/server';
import { answerOf, type DeviceAnswer, deviceOf, makeDevice } from './device.ts';
import { Authenticator, type Cbor, type Faults } from './test/authenticator.ts';
import { type Answered, HOUR_MS, House, ORIGIN, tokenOf } from './test/house.ts';

const OPERATOR = { id: 'x', name: 'The test', roles: ['operator' as const] };

function refused({ status, body, cookies }: Answered, says: RegExp, what?: string): void {
  assert.deepEqual(
    [status, cookies.some((line) => line.includes('-session-'))],
    [403, false],
    what ?? JSON.stringify(body),
  );
  assert.match(body.error, says, what);
}

describe('an enrolment link', () => {
  it('lets one person in, and tells whoever comes second that somebody was first', async (t) => {
    const house = await House.open(t);
    const link = await house.signIn.invite(OPERATOR, 'Anna', ['speaker']);
    const anna = house.browser();
    const { status, body } = await anna.enrol(link);
    assert.deepEqual([status, body.name, body.roles], [200, 'Anna', ['speaker']]);
    assert.equal((await anna.get('/api/me')).body.name, 'Anna');
    const thief = house.browser();
    refused(
      await thief.enrol(link),
      /was used already, at 2026-11-22 12:00 UTC. If that was not you, tell an operator at once/,
    );
    assert.match(house.journal.at(-1)!, /link of Anna was tried a second time/);
    assert.equal((await thief.get('/api/me')).status, 401);
    assert.equal(house.signIn.persons().persons.length, 1);
  });

  it('lets one person in when two come at the same moment, each with a challenge of their own', async (t) => {
    const house = await House.open(t);
    const link = await house.signIn.invite(OPERATOR, 'Anna', ['speaker']);
    const token = tokenOf(link);
    const both = await Promise.all(
      [house.browser(), house.browser()].map(async (browser) => {
        const options = await browser.post('/api/enrol/options', { token });
        return { browser, body: { token, credential: browser.authenticator.create(options.body) } };
      }),
    );
    const answers = await Promise.all(both.map(({ browser, body }) => browser.post('/api/enrol', body)));
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 403]);
    assert.equal(house.signIn.persons().persons.length, 1);
    assert.equal(house.signIn.persons().persons[0]!.keys.length, 1);
  });

  it('ends after a day, and with a clock that was set back', async (t) => {
    const house = await House.open(t);
    const link = await house.signIn.invite(OPERATOR, 'Anna', ['speaker']);
    const token = tokenOf(link);
    const browser = house.browser();
    const { body: options } = await browser.post('/api/enrol/options', { token });
    house.tick(-HOUR_MS);
    refused(await house.browser().enrol(link), /expired/);
    house.tick(HOUR_MS + 24 * HOUR_MS);
    refused(await house.browser().enrol(link), /expired at 2026-11-23 12:00 UTC: ask an operator for a new one/);
    refused(await browser.post('/api/enrol', { token, credential: browser.authenticator.create(options) }), /expired/);
    house.tick(-1);
    assert.equal((await house.browser().enrol(link)).status, 200, 'until the last moment it is good');
  });

  it('that was never made, or is not whole, is none', async (t) => {
    const house = await House.open(t);
    const { link } = await house.signIn.invite(OPERATOR, 'Anna', ['speaker']);
    const other = await House.open(t);
    for (const token of [
      tokenOf({ link }).slice(0, -1),
      '',
      undefined,
      null,
      7,
      {},
      'x'.repeat(43),
      tokenOf(await other.signIn.invite(OPERATOR, 'A', ['speaker'])),
    ]) {
      refused(
        await house.browser().post('/api/enrol/options', { token }),
        /is not one of this desk.*Copy it whole, or ask an operator/,
      );
    }
  });

  it('gives the roles it was made for, whatever is asked', async (t) => {
    const house = await House.open(t);
    const link = await house.signIn.invite(OPERATOR, 'Anna', ['speaker']);
    const token = tokenOf(link);
    const browser = house.browser();
    const { body: options } = await browser.post('/api/enrol/options', { token, roles: ['operator'] });
    const credential = browser.authenticator.create(options);
    const { body } = await browser.post('/api/enrol', { token, credential, roles: ['operator'], id: 'me' });
    assert.deepEqual(body.roles, ['speaker']);
  });

  it('keeps the name that an operator gave, whatever is asked: names are what approvals are shown by', async (t) => {
    const house = await House.open(t);
    const link = await house.signIn.invite(OPERATOR, 'Anna', ['approver']);
    assert.equal((await house.browser().enrol(link, {}, 'Head of State')).body.name, 'Anna');
  });

  it('for nobody by name takes one that is not somebody’s, before a passkey is made for it', async (t) => {
    const house = await House.open(t);
    const [first, second] = await house.signIn.firstInvitations('Zvenigorod');
    assert.equal((await house.browser().enrol(first!, {}, 'Anna')).body.name, 'Anna');
    const browser = house.browser();
    assert.deepEqual((await browser.post('/api/enrol/link', { token: tokenOf(second!) })).body, {
      name: 'Second person of Zvenigorod',
      unnamed: true,
    });
    for (const [name, says] of [
      ['ANNA', /has this name already/],
      ['', /a name of 1 to 80 letters/],
      ['A\u202enna', /cannot be seen/],
      [{}, /a name of 1 to 80/],
    ] as const) {
      const { status, body } = await browser.post('/api/enrol/options', { token: tokenOf(second!), name });
      assert.equal(status, 409, JSON.stringify(body));
      assert.match(body.error, says);
    }
    const { body } = await browser.post('/api/enrol/options', { token: tokenOf(second!), name: 'Bert' });
    assert.equal(body.user.displayName, 'Bert');
  });

  it('that is spent fills no journal, however often it is tried', async (t) => {
    const house = await House.open(t);
    const link = await house.signIn.invite(OPERATOR, 'Anna', ['speaker']);
    await house.browser().enrol(link);
    const before = house.journal.length;
    for (let i = 0; i < 50; i++) await house.browser().enrol(link);
    assert.equal(house.journal.length, before + 1);
    house.tick(HOUR_MS);
    await house.browser().enrol(link);
    assert.equal(house.journal.length, before + 2);
  });

  it('is not in what is kept, and neither is a session', async (t) => {
    const house = await House.open(t);
    const link = await house.signIn.invite(OPERATOR, 'Anna', ['speaker']);
    const browser = house.browser();
    await browser.enrol(link);
    const open = await house.signIn.invite(OPERATOR, 'Bert', ['speaker']);
    const text = house.state.text();
    assert.match(text, /"name":"Anna"/);
    for (const secret of [tokenOf(link), tokenOf(open), ...browser.cookies.values()]) {
      assert.equal(secret.length, 43);
      assert.ok(!text.includes(secret));
      assert.ok(!house.journal.join('\n').includes(secret));
    }
  });
});

/** What a false passkey could answer, and what is said about it. */
const FALSE: readonly (readonly [what: string, faults: Faults, says: RegExp])[] = [
  [
    'made for another address',
    { origin: 'https://evil.example' },
    /answered to https:\/\/evil.example, and this desk is http:\/\/localhost:24461: open that address/,
  ],
  ['made on another port', { origin: 'http://localhost:24462' }, /this desk is http:\/\/localhost:24461/],
  ['made for another name', { rpId: 'evil.example' }, /is not valid here/],
  ['shown in a frame', { crossOrigin: true }, /shown inside another one/],
  ['of a person who was not checked', { userVerified: false }, /did not make sure who you are: set a PIN/],
  ['of nobody', { userPresent: false }, /is not valid here/],
  ['to a challenge of its own', { challenge: 'A'.repeat(43) }, /begin again here/],
];

describe('a passkey that is enrolled', () => {
  for (const [what, faults, says] of [
    ...FALSE,
    ['meant for signing in', { type: 'webauthn.get' }, /is not valid here/] as const,
  ]) {
    it(`is refused when it is ${what}`, async (t) => {
      const house = await House.open(t);
      const link = await house.signIn.invite(OPERATOR, 'Anna', ['speaker']);
      refused(await house.browser().enrol(link, faults), says);
      assert.equal(house.signIn.persons().persons.length, 0);
      assert.equal((await house.browser().enrol(link)).status, 200, 'the link is still good');
    });
  }

  it('attests nobody: valid certificates are refused, whose revocation lists would be looked up wherever they say', async (t) => {
    const house = await House.open(t);
    const attest = await attestedByMaker();
    const link = await house.signIn.invite(OPERATOR, 'Anna', ['speaker']);
    refused(await house.browser().enrol(link, { attestation: attest }), /is not valid here/);
    // The library would have taken it, so it is this rule that refuses.
    const authenticator = new Authenticator(ORIGIN);
    const challenge = 'A'.repeat(43);
    const options = { challenge, rp: { id: 'localhost' }, user: { id: 'AAAA' } };
    const response = authenticator.create(options, { attestation: attest }) as RegistrationResponseJSON;
    const expected = { expectedChallenge: challenge, expectedOrigin: ORIGIN, expectedRPID: 'localhost' };
    assert.equal((await verifyRegistrationResponse({ response, ...expected })).verified, true);
    refused(await house.browser().enrol(link, { attestation: () => ['fido-u2f', new Map()] }), /is not valid here/);
    // What a browser may leave: the passkey's own signature (Web Authentication, 5.1.3, "none").
    const ofItself: Faults['attestation'] = (signed, key) => [
      'packed',
      new Map<string, number | Uint8Array>([
        ['alg', -7],
        ['sig', sign('sha256', signed, key)],
      ]),
    ];
    const other: Faults['attestation'] = (signed, key) => ofItself(Buffer.concat([signed, signed]), key);
    refused(await house.browser().enrol(link, { attestation: other }), /is not valid here/);
    assert.equal((await house.browser().enrol(link, { attestation: ofItself })).status, 200);
  });

  it('has one of the algorithms that were asked for', async (t) => {
    const house = await House.open(t);
    for (const algorithm of ['ES256', 'EdDSA', 'RS256'] as const) {
      const browser = await house.person(algorithm, ['speaker'], algorithm);
      assert.equal((await browser.signIn()).body.name, algorithm);
    }
    await assert.rejects(house.person('ES384', ['speaker'], 'ES384'), /is not valid here/);
  });

  it('is nobody else’s already', async (t) => {
    const house = await House.open(t);
    const anna = await house.person('Anna', ['speaker']);
    const link = await house.signIn.invite(OPERATOR, 'Bert', ['speaker']);
    const token = tokenOf(link);
    const { body: options } = await anna.post('/api/enrol/options', { token });
    const mine = anna.authenticator.made!;
    const copy = new Authenticator(ORIGIN);
    const create = copy.create(options) as { id: string; rawId: string; response: { attestationObject: string } };
    // Bert's answer, with the id of Anna's passkey in every place.
    const object = Buffer.from(create.response.attestationObject, 'base64url');
    const at = object.indexOf(Buffer.from(create.id, 'base64url'));
    Buffer.from(mine.id, 'base64url').copy(object, at);
    const credential = {
      ...create,
      id: mine.id,
      rawId: mine.id,
      response: { ...create.response, attestationObject: object.toString('base64url') },
    };
    refused(await anna.post('/api/enrol', { token, credential }), /enrolled here already/);
    assert.equal((await anna.signIn()).body.name, 'Anna');
  });
});

describe('an answer on sign-in', () => {
  for (const [what, faults, says] of [
    ...FALSE,
    ['meant for enrolment', { type: 'webauthn.create' }, /is not valid here/] as const,
    ['with another signature', { flip: 3 }, /is not valid here/] as const,
    ['for another person', { userHandle: Buffer.alloc(16, 1).toString('base64url') }, /is not valid here/] as const,
    ['for nobody', { userHandle: undefined }, /is not valid here/] as const,
  ]) {
    it(`is refused when it is ${what}`, async (t) => {
      const house = await House.open(t);
      const anna = await house.person('Anna', ['speaker']);
      await anna.post('/api/sign-out');
      refused(await anna.signIn(faults), says);
      assert.equal((await anna.get('/api/me')).status, 401);
      assert.equal((await anna.signIn()).body.name, 'Anna', 'the passkey is still good');
    });
  }

  it('is good once, also when the first time failed', async (t) => {
    const house = await House.open(t);
    const anna = await house.person('Anna', ['speaker']);
    const { body: options } = await anna.post('/api/sign-in/options');
    const body = { credential: anna.authenticator.get(options) };
    assert.equal((await anna.post('/api/sign-in', body)).status, 200);
    refused(await anna.post('/api/sign-in', body), /was answered already/);
    const { body: again } = await anna.post('/api/sign-in/options');
    refused(await anna.post('/api/sign-in', { credential: anna.authenticator.get(again, { flip: 1 }) }), /not valid/);
    refused(await anna.post('/api/sign-in', { credential: anna.authenticator.get(again) }), /begin again here/);
  });

  it('is good for five minutes, from the browser that began, and for signing in alone', async (t) => {
    const house = await House.open(t);
    const anna = await house.person('Anna', ['speaker']);
    const other = house.browser();
    await other.post('/api/sign-in/options');
    const begin = async (): Promise<object> => (await anna.post('/api/sign-in/options')).body;
    refused(
      await other.post('/api/sign-in', { credential: anna.authenticator.get(await begin()) }),
      /begun in another browser/,
    );
    const bare = house.browser();
    refused(
      await bare.post('/api/sign-in', { credential: anna.authenticator.get(await begin()) }),
      /begun in another browser/,
    );
    const late = await begin();
    house.tick(5 * 60_000 + 1);
    refused(
      await anna.post('/api/sign-in', { credential: anna.authenticator.get(late) }),
      /took longer than five minutes/,
    );
    const early = await begin();
    house.tick(-1);
    refused(await anna.post('/api/sign-in', { credential: anna.authenticator.get(early) }), /begin again/);
    const token = tokenOf(await house.signIn.invite(OPERATOR, 'Bert', ['speaker']));
    const { body: enrolment } = await anna.post('/api/enrol/options', { token });
    refused(await anna.post('/api/sign-in', { credential: anna.authenticator.get(enrolment) }), /begin again/);
    // Nor is a challenge for one link good for another.
    const second = tokenOf(await house.signIn.invite(OPERATOR, 'Carl', ['operator']));
    const { body: forBert } = await other.post('/api/enrol/options', { token });
    refused(
      await other.post('/api/enrol', { token: second, credential: other.authenticator.create(forBert) }),
      /begin again/,
    );
  });

  it('of a passkey whose count goes back is refused, and the journal says why', async (t) => {
    const house = await House.open(t);
    const anna = await house.person('Anna', ['speaker']);
    await anna.signIn();
    const thief = house.browser();
    thief.authenticator = anna.authenticator.cloned();
    assert.equal((await anna.signIn()).status, 200);
    refused(await thief.signIn(), /its count went back: somebody may have a copy of it/);
    assert.match(house.journal.at(-1)!, /a passkey of Anna was refused/);
    refused(await thief.signIn({ counter: 0 }), /count went back/);
    assert.equal((await anna.signIn()).status, 200);
    assert.equal((await anna.signIn({ counter: 4_000_000_000 })).status, 200);
    refused(await anna.signIn(), /count went back/);
  });

  it('at the same count is good once, also when two come at the same moment', async (t) => {
    const house = await House.open(t);
    const anna = await house.person('Anna', ['speaker']);
    const thief = house.browser();
    thief.authenticator = anna.authenticator.cloned();
    const asked = [];
    for (const browser of [anna, thief]) {
      const { body } = await browser.post('/api/sign-in/options');
      asked.push(() => browser.post('/api/sign-in', { credential: browser.authenticator.get(body, { counter: 9 }) }));
    }
    const statuses = (await Promise.all(asked.map((ask) => ask()))).map(({ status }) => status);
    assert.deepEqual(statuses.sort(), [200, 403]);
  });

  it('of a passkey that does not count is good', async (t) => {
    const house = await House.open(t);
    const link = await house.signIn.invite(OPERATOR, 'Anna', ['speaker']);
    const anna = house.browser();
    anna.authenticator = new Authenticator(ORIGIN, 'ES256', { counts: false });
    await anna.enrol(link);
    for (let i = 0; i < 3; i++) assert.equal((await anna.signIn()).status, 200);
  });

  it('by one person’s key does not become another’s, nor one that is not enrolled', async (t) => {
    const house = await House.open(t);
    const [anna, bert] = [await house.person('Anna', ['speaker']), await house.person('Bert', ['operator'])];
    const { id, userHandle } = bert.authenticator.made!;
    const mine = anna.authenticator.made!;
    anna.authenticator.made = { ...mine, id, userHandle };
    refused(await anna.signIn(), /is not valid here/);
    anna.authenticator.made = { ...mine, id: 'unknown' };
    refused(await anna.signIn(), /not enrolled at this desk: choose the passkey that you made for it/);
  });

  it('that is nonsense is refused, and nothing fails inside', async (t) => {
    const house = await House.open(t);
    const anna = await house.person('Anna', ['speaker']);
    const { body: options } = await anna.post('/api/sign-in/options');
    const good = anna.authenticator.get(options) as { response: object };
    const bodies: unknown[] = [
      {},
      { credential: null },
      { credential: 7 },
      { credential: { id: 1 } },
      { credential: { ...good, response: {} } },
      [],
      'x',
      null,
    ];
    for (const [name, value] of Object.entries(good.response)) {
      for (const nonsense of ['', '!', 7, null, [value], `${value}`.slice(0, 9)]) {
        const fresh = await anna.post('/api/sign-in/options');
        const credential = anna.authenticator.get(fresh.body) as { response: object };
        bodies.push({ credential: { ...credential, response: { ...credential.response, [name]: nonsense } } });
      }
    }
    for (const device of [
      null,
      7,
      {},
      { publicKey: 1, challenge: '', signature: '' },
      { publicKey: '', challenge: '', signature: '' },
    ])
      bodies.push({ device });
    for (const body of bodies) refused(await anna.post('/api/sign-in', body), /./, JSON.stringify(body));
    assert.deepEqual(
      house.journal.filter((line) => line.includes('failed')),
      [],
    );
  });
});

describe('strangers who ask for challenges without end', () => {
  it('make nobody’s challenge invalid, are told to wait, and fill no journal', async (t) => {
    const house = await House.open(t);
    const anna = await house.person('Anna', ['speaker']);
    const { body: options } = await anna.post('/api/sign-in/options');
    const before = house.journal.length;
    let refusedOnce: Answered | undefined;
    // As fast as they can, for the five minutes that a challenge is good.
    for (let second = 0; second < 299; second++) {
      house.tick(1000);
      for (let i = 0; i < 20; i++) {
        const answer = await house.browser().post('/api/sign-in/options');
        if (answer.status !== 200) refusedOnce ??= answer;
      }
    }
    assert.equal(refusedOnce?.status, 429);
    assert.match(refusedOnce.body.error, /too many ask to be let in at the moment: wait a few seconds/);
    assert.ok(house.journal.length - before <= 6, house.journal.slice(before).join('; '));
    house.tick(500);
    assert.equal((await anna.post('/api/sign-in', { credential: anna.authenticator.get(options) })).status, 200);
  });
});

describe('the way in for a terminal', () => {
  const enrolled = async (house: House) => {
    const link = await house.signIn.invite(OPERATOR, 'Terminal', ['speaker']);
    const browser = house.browser();
    const token = tokenOf(link);
    const device = makeDevice();
    const { body } = await browser.post('/api/enrol/options', { token });
    const answer = await browser.post('/api/enrol', {
      token,
      device: answerOf(device, 'enrolment', ORIGIN, body.challenge),
    });
    return { browser, device, answer };
  };

  it('is a key of its own, by the same link, with the same sessions', async (t) => {
    const house = await House.open(t);
    const { browser, device, answer } = await enrolled(house);
    assert.deepEqual([answer.status, answer.body.name], [200, 'Terminal']);
    await browser.post('/api/sign-out');
    const { body } = await browser.post('/api/sign-in/options');
    const again = deviceOf(device.privateKey);
    const { status } = await browser.post('/api/sign-in', {
      device: answerOf(again, 'sign-in', ORIGIN, body.challenge),
    });
    assert.equal(status, 200);
    assert.equal((await browser.post('/api/messages')).body.author, 'Terminal');
    assert.ok(!house.state.text().includes(device.privateKey.open((seed) => Buffer.from(seed).toString('base64url'))));
  });

  it('is closed to answers for another purpose, desk or challenge, of another key, or given twice', async (t) => {
    const house = await House.open(t);
    const { browser, device } = await enrolled(house);
    const begin = async (): Promise<string> => (await browser.post('/api/sign-in/options')).body.challenge;
    const send = (answer: DeviceAnswer): Promise<Answered> => browser.post('/api/sign-in', { device: answer });
    const thief = makeDevice();
    refused(await send(answerOf(device, 'enrolment', ORIGIN, await begin())), /not valid for http:\/\/localhost:24461/);
    refused(await send(answerOf(device, 'sign-in', 'http://localhost:1', await begin())), /not valid for/);
    const [one, two] = [await begin(), await begin()];
    refused(await send({ ...answerOf(device, 'sign-in', ORIGIN, one), challenge: two }), /not valid for/);
    refused(
      await send({ ...answerOf(thief, 'sign-in', ORIGIN, await begin()), publicKey: device.publicKey }),
      /not valid for/,
    );
    refused(await send(answerOf(thief, 'sign-in', ORIGIN, await begin())), /not enrolled at this desk/);
    refused(
      await send({ ...answerOf(device, 'sign-in', ORIGIN, await begin()), publicKey: `${device.publicKey}=` }),
      /not valid for/,
    );
    const good = answerOf(device, 'sign-in', ORIGIN, one);
    assert.equal((await send(good)).status, 200);
    refused(await send(good), /was answered already/);
    const mine = await begin();
    refused(
      await house.browser().post('/api/sign-in', { device: answerOf(device, 'sign-in', ORIGIN, mine) }),
      /another browser/,
    );
  });

  it('a passkey and a device are never taken for each other', async (t) => {
    const house = await House.open(t);
    const { browser, device } = await enrolled(house);
    const [key] = [...house.state.records.keys()].filter((name) => name.startsWith('sign-in/key/'));
    const id = key!.slice('sign-in/key/'.length);
    const { body } = await browser.post('/api/sign-in/options');
    browser.authenticator.create({ challenge: 'x', rp: { id: 'localhost' }, user: { id: 'x' } });
    browser.authenticator.made = { ...browser.authenticator.made!, id };
    refused(
      await browser.post('/api/sign-in', { credential: browser.authenticator.get(body) }),
      /not enrolled at this desk/,
    );
    assert.equal(device.publicKey.length, 43);
  });
});

/** An attestation by a maker's certificate, in which nothing is wrong (Web Authentication, 8.2). */
async function attestedByMaker(): Promise<NonNullable<Faults['attestation']>> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = (await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as CryptoKeyPair;
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: 'C=CH, O=Maker, OU=Authenticator Attestation, CN=Model 1',
    notBefore: new Date(Date.now() - HOUR_MS),
    notAfter: new Date(Date.now() + HOUR_MS),
    keys,
    signingAlgorithm: algorithm,
    extensions: [new BasicConstraintsExtension(false)],
  });
  const privateKey = KeyObject.from(keys.privateKey);
  return (signed) => [
    'packed',
    new Map<string, Cbor>([
      ['alg', -7],
      ['sig', sign('sha256', signed, privateKey)],
      ['x5c', [new Uint8Array(certificate.rawData)]],
    ]),
  ];
}
