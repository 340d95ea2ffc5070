/** Get key with key IDs: the same keys at the other end, to those named alone, once. */
import { randomUUID } from 'node:crypto';
import { type Check, shall } from '../check.ts';
import type { Key } from '../container.ts';
import type { Probe } from '../probe.ts';
import { fail, inconclusive, pass, Unsettled, unless } from '../verdict.ts';
import { given, refused, TEXT } from './get-key.ts';

export const KEY_IDS: readonly Check[] = [
  shall('5.4', 'second-hand', 'get', 'One key ID may be asked for by GET with key_ID.', async (probe) => {
    const [key] = await probe.stock(1);
    const answer = await probe.decSent({ method: 'GET', query: `key_ID=${key!.keyId}` });
    return given(answer);
  }),
  shall('5.4', 'second-hand', 'post', 'Several key IDs are asked for by POST.', async (probe) => {
    const keys = await probe.stock(Math.min(3, probe.limit('max_key_per_request')));
    return given(
      await probe.dec(
        probe.parties.slave,
        keys.map(({ keyId }) => keyId),
      ),
    );
  }),
  shall('5.4', 'second-hand', 'same-keys', 'The slave gets the very keys that the master got.', async (probe) => {
    const keys = await probe.stock(Math.min(64, probe.limit('max_key_per_request')));
    const answer = await probe.dec(
      probe.parties.slave,
      keys.map(({ keyId }) => keyId),
    );
    const came = new Map(probe.keys(answer).map(({ keyId, digest }) => [keyId, digest]));
    const both = keys.filter(({ keyId }) => came.has(keyId));
    if (both.length === 0) return inconclusive('no key came at both ends');
    const different = both.filter(({ keyId, digest }) => came.get(keyId) !== digest).length;
    return unless(different ? `${different} of ${both.length} keys differ` : null, `${both.length} keys compared`);
  }),
  shall(
    '5.4',
    'second-hand',
    'same-ids',
    'The answer holds the keys asked for, all of them and no other.',
    async (probe) => {
      const asked = (await probe.stock(Math.min(4, probe.limit('max_key_per_request')))).map(({ keyId }) => keyId);
      const answer = await probe.dec(probe.parties.slave, asked);
      const came = probe.keys(answer).map(({ keyId }) => keyId);
      if (answer.status !== 200 || came.length === 0) return inconclusive('no keys came');
      const same = came.length === asked.length && came.every((id) => asked.includes(id));
      return unless(same ? null : `${asked.length} were asked for, ${came.length} came, not the same`, 'the same');
    },
  ),
  shall(
    '5.4',
    'second-hand',
    'once',
    `A key is removed when it was delivered to the slave: asked again, 400 and "${TEXT.notFound}".`,
    async (probe) => {
      const [key] = await probe.stock(1);
      const first = await probe.dec(probe.parties.slave, [key!.keyId]);
      if (first.status !== 200) return inconclusive(`already the first time the answer is ${first.status}`);
      return refused(await probe.dec(probe.parties.slave, [key!.keyId]), TEXT.notFound);
    },
  ),
  shall(
    '5.4',
    'second-hand',
    'once-at-the-same-time',
    'Of several requests for one key ID at the same time, one gets the key at most.',
    async (probe) => {
      const [key] = await probe.stock(1);
      const answers = await Promise.all(Array.from({ length: 6 }, () => probe.dec(probe.parties.slave, [key!.keyId])));
      const got = answers.filter(({ status }) => status === 200).length;
      if (got === 0) return inconclusive('none of 6 requests got it');
      return unless(got === 1 ? null : `${got} of 6 requests got the key`, 'one of 6');
    },
  ),
  shall('5.4', 'second-hand', 'unknown-id', `A key ID that nobody issued: 400 and "${TEXT.notFound}".`, async (probe) =>
    refused(await probe.dec(probe.parties.slave, [randomUUID()]), TEXT.notFound),
  ),
  shall(
    '5.4',
    'second-hand',
    'one-unknown-id',
    `One unknown key ID among known ones: 400 and "${TEXT.notFound}", not the rest.`,
    async (probe) => {
      const [key] = await probe.stock(1);
      return refused(await probe.dec(probe.parties.slave, [key!.keyId, randomUUID()]), TEXT.notFound);
    },
  ),
  shall(
    '5.4',
    'second-hand',
    'foreign-sae',
    'Whoever was not named in the Get key that made a key gets 401 for its ID.',
    async (probe) => {
      const { third } = probe;
      const [key] = await probe.stock(1);
      const { status } = await probe.dec(third, [key!.keyId]);
      if (status === 503) return inconclusive('503');
      return unless(status === 401 ? null : `${third.saeId} is answered with ${status}`, '401');
    },
  ),
  shall(
    '5.4',
    'second-hand',
    'foreign-among-others',
    'The same when the foreign key ID stands among unknown ones: any of them is enough.',
    async (probe) => {
      const { third } = probe;
      const [key] = await probe.stock(1);
      const { status } = await probe.dec(third, [randomUUID(), key!.keyId]);
      if (status === 503) return inconclusive('503');
      return unless(status === 401 ? null : `${third.saeId} is answered with ${status}`, '401');
    },
  ),
  shall(
    '5.4',
    'second-hand',
    'own-and-foreign',
    'The same when the foreign key ID stands beside one of the caller: 401 for all.',
    async (probe) => {
      const [own] = await probe.stock(1);
      const foreign = await keyForAnother(probe);
      const { status } = await probe.dec(probe.parties.slave, [own!.keyId, foreign.keyId]);
      if (status === 503) return inconclusive('503');
      return unless(status === 401 ? null : `the answer is ${status}`, '401');
    },
  ),
  shall(
    '5.4',
    'second-hand',
    'master-is-no-slave',
    'The master was not named as a slave: its own key is not given to it a second time.',
    async (probe) => {
      const { master, slave } = probe.parties;
      const [key] = await probe.stock(1);
      for (const other of [slave, master]) {
        const { status } = await probe.dec(master, [key!.keyId], other);
        if (status === 200) return fail('the master fetched its own key again');
      }
      return pass('it is not');
    },
  ),
  shall(
    '6.4',
    'second-hand',
    'extensions',
    'A request may carry key_ID_extension and key_IDs_extension.',
    async (probe) => {
      const [key] = await probe.stock(1);
      const body = { key_IDs: [{ key_ID: key!.keyId, key_ID_extension: {} }], key_IDs_extension: {} };
      return given(await probe.decSent({ body }));
    },
  ),
  shall(
    '5.4',
    'second-hand',
    'bad-request',
    'A request without key_IDs, or with one that is no string, is answered with 400 (table 8).',
    async (probe) => {
      for (const body of [{}, { key_IDs: [{ key_ID: 5 }] }]) {
        const finding = refused(await probe.decSent({ body }));
        if (finding.verdict !== 'pass') return finding;
      }
      return pass('400');
    },
  ),
];

/** A key that the slave was not named for: of the master for another SAE, or of the slave itself as a master. */
async function keyForAnother(probe: Probe): Promise<Key> {
  const { master, slave, additional } = probe.parties;
  const ways = additional ? [{ from: master, to: additional }] : [];
  for (const { from, to } of [...ways, { from: slave, to: master }]) {
    const sent = { method: 'POST', resource: 'enc_keys', otherSae: to.saeId, body: {} };
    const [key] = probe.keys(await probe.call(from, sent, 1));
    if (key) return key;
  }
  throw new Unsettled(`no key could be had that ${slave.saeId} is not named for`);
}
