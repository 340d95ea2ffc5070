/** What Skykey decided on the life of keys where ETSI GS QKD 014 leaves it open (the table in README.md). */
import { randomUUID } from 'node:crypto';
import { type Check, decision } from '../check.ts';
import type { Key } from '../container.ts';
import { isObject } from '../json.ts';
import type { Probe } from '../probe.ts';
import { fail, inconclusive, notApplicable, pass, unless } from '../verdict.ts';
import { given, refused, TEXT } from './get-key.ts';
import { multicast } from './multicast.ts';

/** Decisions that show under another id, or that cannot be seen from outside. */
export const ELSEWHERE: readonly Check[] = [
  elsewhere(2, 'all-or-nothing', 'Never fewer keys than asked for.', 'seen by 014-6.2-number and 014-D4-shortage'),
  elsewhere(5, 'expiry', 'An expired key is erased, and not found.', 'a key would have to grow old: not waited for'),
  elsewhere(10, 'quota', 'Beyond a quota: 503 and Retry-After.', 'a quota would have to be exhausted: not provoked'),
  elsewhere(13, 'delivered-before', 'A key delivered before is not found.', 'seen by 014-5.4-once'),
  elsewhere(
    15,
    'handshake',
    'Without a certificate of the right authority the handshake fails.',
    'seen by 014-5.1-no-certificate-refused and 014-5.1-foreign-certificate-refused',
  ),
  elsewhere(
    26,
    'link-down',
    'A link that is down: status 200 with count 0.',
    'a link would have to be down: not provoked',
  ),
  elsewhere(27, 'alarm', 'Under alarm: 503, and status names it.', 'an alarm would have to be raised: not provoked'),
  elsewhere(35, 'peer-unreachable', 'Without the other KME: 503.', 'a KME would have to be cut off: not provoked'),
  elsewhere(36, 'multiple-of-8', 'Other sizes get the fixed text.', 'seen by 014-6.2-size-multiple-of-8'),
];

export const DECIDED_KEYS: readonly Check[] = [
  decision(
    1,
    'lost-answer',
    'Whoever loses an answer has lost the keys: they are not delivered again.',
    async (probe) => {
      const [key] = await probe.stock(1);
      const { status } = await probe.decSent({ body: { key_IDs: [{ key_ID: key!.keyId }] }, abandon: true });
      if (status !== 200) return inconclusive(`the answer that we meant to lose is ${status}`);
      return refused(await probe.dec(probe.parties.slave, [key!.keyId]), TEXT.notFound);
    },
  ),
  decision(
    3,
    'duplicate-ids',
    'A key ID that stands twice in a request is 400, and nothing is consumed.',
    async (probe) => {
      const [key] = await probe.stock(1);
      const finding = refused(await probe.dec(probe.parties.slave, [key!.keyId, key!.keyId]));
      return finding.verdict === 'pass' ? stillThere(probe, key!) : finding;
    },
  ),
  decision(4, 'shortage', 'More than there is: 503, and nothing is consumed.', async (probe) => {
    const before = await probe.restingCount();
    const [number, size] = [probe.limit('max_key_per_request'), probe.limit('max_key_size')];
    const enough = before * probe.limit('key_size') >= number * size || before >= probe.limit('max_key_count');
    if (enough) return notApplicable(`${before} keys are there: one request cannot ask for more`);
    const { status } = await probe.enc({ number, size }, number);
    if (status !== 503) return fail(`${number} keys of ${size} bits are answered with ${status}`);
    const after = await probe.count();
    return unless(after === before ? null : `the count fell from ${before} to ${after}`, `503, still ${before} keys`);
  }),
  decision(
    12,
    'refused-consumes-nothing',
    'A list that is refused consumes nothing, by 400 or by 401.',
    async (probe) => {
      const [key] = await probe.stock(1);
      const mixed = await probe.dec(probe.parties.slave, [key!.keyId, randomUUID()]);
      if (probe.parties.third) await probe.dec(probe.parties.third, [key!.keyId]);
      if (mixed.status === 200) return inconclusive('the list was not refused');
      return stillThere(probe, key!);
    },
  ),
  decision(
    12,
    'remembered',
    'A key ID is remembered after delivery: whoever was not named still gets 401.',
    async (probe) => {
      const { third } = probe;
      const [key] = await probe.stock(1);
      const first = await probe.dec(probe.parties.slave, [key!.keyId]);
      if (first.status !== 200) return inconclusive(`the slave is answered with ${first.status}`);
      const { status } = await probe.dec(third, [key!.keyId]);
      return unless(status === 401 ? null : `${third.saeId} is answered with ${status}`, '401');
    },
  ),
  decision(21, 'two-ids-in-get', 'Two key IDs in a GET are 400.', async (probe) => {
    const keys = await probe.stock(Math.min(2, probe.limit('max_key_per_request')));
    const query = keys.map(({ keyId }) => `key_ID=${keyId}`).join('&');
    if (keys.length < 2) return inconclusive('no two keys came');
    return refused(await probe.decSent({ method: 'GET', query }));
  }),
  decision(22, 'any-case', 'A key ID is taken in capital letters too.', async (probe) => {
    const [key] = await probe.stock(1);
    return given(await probe.dec(probe.parties.slave, [key!.keyId.toUpperCase()]));
  }),
  decision(22, 'malformed-id', 'A key ID that is no UUID is 400.', async (probe) =>
    refused(await probe.dec(probe.parties.slave, ['1'])),
  ),
  decision(24, 'order', 'Keys come in the order of the request.', async (probe) => {
    const keys = await probe.stock(Math.min(8, probe.limit('max_key_per_request')));
    const asked = keys.map(({ keyId }) => keyId).reverse();
    const came = probe.keys(await probe.dec(probe.parties.slave, asked)).map(({ keyId }) => keyId);
    if (came.length !== asked.length || asked.length < 3)
      return inconclusive('not as many keys came as were asked for');
    return unless(came.every((id, at) => id === asked[at]) ? null : 'in another order', 'in order');
  }),
  decision(
    25,
    'count-by-bits',
    'stored_key_count is in keys of key_size: one key of twice the size counts for two.',
    async (probe) => {
      const size = 2 * probe.limit('key_size');
      if (size > probe.limit('max_key_size')) return notApplicable('no key may be twice as long as the default');
      const before = await probe.restingCount();
      const answer = await probe.enc({ size });
      if (answer.status !== 200) return given(answer);
      const after = await probe.restingCount();
      if (before === probe.limit('max_key_count')) return inconclusive('the count stands at its maximum');
      return unless(before - after === 2 ? null : `the count fell by ${before - after}`, 'it fell by 2');
    },
  ),
  decision(
    28,
    'multicast-all-or-nothing',
    'When one of the slaves cannot be served, nobody is, and nothing is consumed.',
    async (probe) => {
      if (probe.limit('max_SAE_ID_count') === 0) return notApplicable('max_SAE_ID_count is 0: no multicast');
      const before = await probe.restingCount();
      const answer = await probe.enc({ additional_slave_SAE_IDs: ['nobody.conformance-suite.invalid'] });
      if (answer.status === 200) return fail('keys were made although one slave does not exist');
      const after = await probe.count();
      return unless(after === before ? null : `the count fell from ${before} to ${after}`, `${answer.status}`);
    },
  ),
  decision(
    28,
    'multicast-own-copies',
    'The copy of one slave is there although the other never fetched its own.',
    async (probe) => {
      if (probe.limit('max_SAE_ID_count') === 0) return notApplicable('max_SAE_ID_count is 0: no multicast');
      const { keys, additional } = await multicast(probe, 1);
      return given(await probe.dec(additional, [keys[0]!.keyId]));
    },
  ),
  decision(29, 'known-mandatory', 'skykey_min_paths is a parameter that is known: 1 can be met.', async (probe) =>
    given(await probe.enc({ extension_mandatory: [{ skykey_min_paths: 1 }] })),
  ),
  decision(
    29,
    'unmet-mandatory',
    `skykey_min_paths 16 cannot be met: 400 and "${TEXT.unmetMandatory}".`,
    async (probe) => refused(await probe.enc({ extension_mandatory: [{ skykey_min_paths: 16 }] }), TEXT.unmetMandatory),
  ),
  decision(29, 'optional-ignored', 'An optional parameter that is not known is ignored: 200.', async (probe) =>
    given(await probe.enc({ extension_optional: [{ conformancesuite_nobody_knows_this: 1 }] })),
  ),
  decision(
    30,
    'route-on-demand',
    'key_extension tells the route when a parameter of D29 was used, and only then.',
    async (probe) => {
      const plain = await probe.enc({});
      const asked = await probe.enc({ extension_optional: [{ skykey_min_paths: 1 }] });
      const [without] = probe.keys(plain);
      const [key] = probe.keys(asked);
      if (!without || !key) return inconclusive('no keys came');
      if (without.extension) return fail('key_extension comes unasked');
      const told = ['skykey_route_type', 'skykey_hops', 'skykey_paths'].filter(
        (name) => key.extension?.[name] !== undefined,
      );
      return unless(told.length === 3 ? null : `only ${told.join(', ') || 'nothing'} is told`, told.join(', '));
    },
  ),
  ...ELSEWHERE,
];

async function stillThere(probe: Probe, key: Key) {
  const answer = await probe.dec(probe.parties.slave, [key.keyId]);
  if (answer.status === 503) return inconclusive('503');
  const came = isObject(answer.reading.value) && probe.keys(answer).length === 1;
  return answer.status === 200 && came
    ? pass('the key is still there')
    : fail(`afterwards the key is answered with ${answer.status}`);
}

function elsewhere(number: number, name: string, sentence: string, reason: string): Check {
  return decision(number, name, sentence, () => notApplicable(reason));
}
