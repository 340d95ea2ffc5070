import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { KmeRequest } from './etsi014/response.ts';
import { keyLane, peerLane } from './lanes.ts';
import { Network, text, WAY } from './test/sites.ts';

/** Nearly right requests: each part is sound most of the time. */
const name = fc.constantFrom(
  'number',
  'size',
  'key_IDs',
  'key_ID',
  'additional_slave_SAE_IDs',
  'extension_mandatory',
  'extension_optional',
  'key_ID_extension',
  'skykey_route_type',
  '__proto__',
  'constructor',
  'x',
);
const value = fc.oneof(
  fc.constantFrom(0, 1, 2, 64, 256, -1, 1.5, null, true, 'x', '1', [], {}, [{}], ['desk-delhi'], [{ key_ID: 'x' }], {
    key_ID: {},
  }),
  fc.constantFrom(['lab-moscow'], [{ skykey_max_age: 1e6 }], [{ skykey_min_paths: 2 }], [{ toString: 1 }]),
  fc.jsonValue({ maxDepth: 3 }),
);
const document = fc
  .array(fc.tuple(name, value), { maxLength: 4 })
  .map((members) => `{${members.map(([key, of]) => `"${key}":${JSON.stringify(of)}`).join(',')}}`);
const body = fc.oneof(
  fc.constant(''),
  document,
  document.chain((whole) =>
    fc
      .tuple(fc.nat(whole.length), fc.string({ maxLength: 3 }))
      .map(([at, noise]) => whole.slice(0, at) + noise + whole.slice(at + 1)),
  ),
  fc.string({ unit: 'binary', maxLength: 60 }),
);
const request: fc.Arbitrary<KmeRequest> = fc.record({
  saeId: fc.oneof(
    { weight: 5, arbitrary: fc.constant('desk-beijing') },
    { weight: 1, arbitrary: fc.constantFrom(null, 'vpn-beijing', '__proto__', '') },
  ),
  method: fc.oneof(
    { weight: 5, arbitrary: fc.constantFrom('GET', 'POST') },
    { weight: 1, arbitrary: fc.string({ maxLength: 6 }) },
  ),
  path: fc.oneof(
    {
      weight: 6,
      arbitrary: fc
        .tuple(
          fc.constantFrom('desk-moscow', 'desk-moscow', 'vpn-moscow', '%ff', '..', 'toString'),
          fc.constantFrom('status', 'enc_keys', 'dec_keys'),
        )
        .map(([sae, resource]) => `/api/v1/keys/${sae}/${resource}`),
    },
    { weight: 1, arbitrary: fc.webPath() },
  ),
  query: fc
    .array(fc.tuple(name, fc.constantFrom('1', '0', '64', '256', '', 'x', '9'.repeat(30))), { maxLength: 2 })
    .map((pairs) => new URLSearchParams(pairs.map(([key, of]) => [key, of]))),
  contentType: fc.constantFrom('application/json', undefined, 'text/html', ';;;'),
  body: fc.oneof(
    { weight: 4, arbitrary: body.map((chars) => new TextEncoder().encode(chars)) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 40 }) },
  ),
});

test('whatever is asked: never an exception, no status but those of the standard, and only a 200 consumes', async (t) => {
  const network = await Network.open(t, { keyBytes: 32 * 4_000, padBytes: 16 + 16 * 4_000 });
  const { beijing } = network;
  const lane = keyLane('beijing', 'moscow', WAY);
  const pads = beijing.tx.pads(peerLane('beijing', 'moscow'));
  const stock = { masterSae: 'desk-beijing', slaveSae: 'desk-moscow', bytes: 32 };
  const spent = async (): Promise<number[]> => [
    await beijing.available(lane),
    await pads.left(),
    await beijing.tx.keys.countStock(stock),
    (await beijing.tx.counters()).deliveredKeys,
    network.wire.length,
  ];
  const seen = new Map<number, number>();
  await fc.assert(
    fc.asyncProperty(request, async (asked) => {
      const before = await spent();
      const response = await beijing.kme.handle(asked);
      seen.set(response.status, (seen.get(response.status) ?? 0) + 1);
      assert.ok([200, 400, 401, 404, 405].includes(response.status), `${response.status} ${text(response)}`);
      assert.equal(response.headers['Cache-Control'], 'no-store');
      assert.equal(response.body === undefined, response.status === 401);
      const parsed = response.body === undefined ? undefined : JSON.parse(text(response));
      if (response.status !== 200) {
        assert.ok(response.status === 401 || typeof parsed.message === 'string');
        assert.deepEqual(await spent(), before);
      }
    }),
    { seed: 20_260_714, numRuns: 1_500 },
  );
  for (const status of [200, 400, 401, 404, 405])
    assert.ok(seen.get(status)! > 10, `status ${status} came up ${seen.get(status)} times`);
  assert.equal(({} as { number?: number }).number, undefined);
  assert.deepEqual(await beijing.tx.journal.list(), [], 'nothing went wrong inside');
});

test('whatever the peer says: an answer, no effect', async (t) => {
  const { moscow } = await Network.open(t);
  const lanes = [keyLane('beijing', 'moscow', WAY), peerLane('beijing', 'moscow'), peerLane('moscow', 'beijing')];
  const available = (): Promise<number[]> => Promise.all(lanes.map((lane) => moscow.available(lane)));
  const before = await available();
  const head = fc
    .constantFrom('SKQ2', 'SKC1', 'SKA2', 'SKR1', 'SKQ1', '')
    .map((letters) => new TextEncoder().encode(letters));
  await fc.assert(
    fc.asyncProperty(head, fc.uint8Array({ maxLength: 120 }), async (letters, rest) => {
      const named = letters[3] === 0x32 ? [0, 0, 0, 7, ...new TextEncoder().encode('beijing')] : [];
      const answer = await moscow.kme.handlePeer(Uint8Array.of(...letters, ...named, ...rest));
      assert.ok(['SKR1', 'SKC2'].includes(new TextDecoder().decode(answer.subarray(0, 4))));
    }),
    { seed: 20_260_715, numRuns: 1_000 },
  );
  assert.deepEqual(await available(), before);
  assert.deepEqual(await moscow.kme.alarms(), []);
});
