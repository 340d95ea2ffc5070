import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { connectionOf, loadKmeConfiguration } from './configuration.ts';
import { loadNetwork } from './network-file.ts';
import { House } from './test/house.ts';

let house: House;
before(async () => {
  house = await House.build({ courierBytes: 0 });
});
after(() => house.remove());

const skip = { clients: [{ saeId: 'vpn-paris', localSystemId: 'p', remotes: [{ systemId: 'l', saeId: 'vpn-lyon' }] }] };

test('a configuration says what it says', () => {
  const found = loadKmeConfiguration(house.path('paris.json'));
  assert.equal(found.kmeId, 'kme-paris');
  assert.equal(found.staleList, 'warn');
  assert.equal(found.keyTtlS, 86_400);
});

test('a mistake is told with file, field and what would be right, and never with a secret', () => {
  const cases: [string, Record<string, unknown>, RegExp][] = [
    ['an unknown member', { speed: 3 }, /must not have a member "speed"/],
    ['a relative path', { policy: 'policy.json' }, /policy must be an absolute path/],
    ['a key that is nowhere', { keyring: undefined }, /keyring must be an absolute path/],
    [
      'a port that is none',
      { listen: { ...house.listen('paris'), etsi014: 99_999 } },
      /listen\.etsi014 must be a port/,
    ],
    [
      'a connection string in the open',
      { vault: { kind: 'postgres', connection: 'postgres://me:secret@host/db', name: 'kme' } },
      /vault\.connection must be an object with "file"/,
    ],
    ['a store that is none', { vault: { kind: 'redis' } }, /vault(\.kind)? must be an object with "kind"/],
    ['SKIP without a door', { skip }, /skip and listen\.skip belong together/],
    [
      'a door for keys that nobody has',
      { skip, listen: house.listen('paris', [], ['psk']) },
      /listen\.skip\.psk needs a client/,
    ],
    [
      'a system id that a client would expand',
      { skip: { clients: [{ ...skip.clients[0], localSystemId: 'p*' }] } },
      /localSystemId must be/,
    ],
    [
      'ETSI GS QKD 020 without a door',
      { etsi020: { ownUrl: 'https://a.example', peers: [] } },
      /etsi020 and listen\.etsi020/,
    ],
    [
      'an address with a path',
      { etsi020: { ownUrl: 'https://a.example/kme', peers: [] } },
      /etsi020\.ownUrl must be an address that begins with https:\/\//,
    ],
    [
      'two couriers at once',
      { couriers: ['a', 'b'].map((name) => ({ peer: 'kme-lyon', file: `/tmp/${name}` })) },
      /couriers has two files for kme-lyon/,
    ],
  ];
  for (const [what, changes, sentence] of cases) {
    const file = house.configure('paris', changes, 'wrong.json');
    assert.throws(
      () => loadKmeConfiguration(file),
      (error: Error) => {
        assert.ok(error.message.startsWith(file), `${what}: ${error.message}`);
        assert.match(error.message, sentence, what);
        assert.doesNotMatch(error.message, /secret/, what);
        return true;
      },
      what,
    );
  }
});

test('a connection string comes from a file or a variable, and is in no sentence', () => {
  const place = { kind: 'postgres', name: 'kme', connection: { file: house.path('nowhere') } } as const;
  assert.throws(() => connectionOf(place), /vault\.connection\.file: cannot read .*nowhere/);
  assert.throws(() => connectionOf({ ...place, connection: { env: 'SKYKEY_NO_SUCH' } }), /SKYKEY_NO_SUCH is not set/);
});

test('a network that contradicts itself is refused with its file', () => {
  const network = house.network();
  const cases: [Record<string, unknown>, RegExp][] = [
    [
      { ...network, links: [{ id: 'x', ends: ['paris', 'rome'], proof: 'p', epsSec: 0, epsCor: 0 }] },
      /rome, which is not in the network/,
    ],
    [{ ...network, kmes: [{ kmeId: 'kme-rome', siteId: 'rome' }] }, /kme-rome stands at rome, which is no node/],
    [
      { ...network, links: [{ id: 'x', ends: ['paris', 'lyon'], proof: 'p', epsSec: 1, epsCor: 0 }] },
      /links\.0\.epsSec must be a number/,
    ],
  ];
  for (const [document, sentence] of cases) {
    const file = house.write('other-network.json', document);
    assert.throws(
      () => loadNetwork(file),
      (error: Error) => error.message.startsWith(file) && sentence.test(error.message),
    );
  }
});
