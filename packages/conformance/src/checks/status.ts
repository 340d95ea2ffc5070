/** Get status, and whether what it says is true. */
import { type Check, shall } from '../check.ts';
import { isObject } from '../json.ts';
import { fail, inconclusive, notApplicable, unless } from '../verdict.ts';

export const STATUS: readonly Check[] = [
  shall(
    '5.2',
    'second-hand',
    'get',
    'GET of …/{slave_SAE_ID}/status is answered with 200 and a Status.',
    async (probe) => {
      const { status, reading } = await probe.status();
      return unless(status === 200 && isObject(reading.value) ? null : `the answer is ${status}`, 'it is');
    },
  ),
  shall(
    '5.2',
    'second-hand',
    'path-decoded',
    'The SAE ID of a path is URL-encoded: an encoded letter is the letter (RFC 3986, 2.4).',
    async (probe) => {
      const { master, slave } = probe.parties;
      const pathSae = [...Buffer.from(slave.saeId)].map(
        (byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`,
      );
      const sent = { method: 'GET', resource: 'status', otherSae: slave.saeId, pathSae: pathSae.join('') };
      const { status } = await probe.call(master, sent);
      return unless(status === 200 ? null : `the same path, encoded throughout, is answered with ${status}`, '200');
    },
  ),
  shall(
    '6.1',
    'second-hand',
    'kmes-agree',
    'source_KME_ID is the KME that answers, target_KME_ID that of the slave: the two KMEs agree on who is who.',
    async (probe) => {
      const { master, slave } = probe.parties;
      const [here, there] = [await probe.status(master, slave), await probe.status(slave, master)];
      if (there.status !== 200)
        return inconclusive(`the KME of ${slave.saeId} answers ${there.status} for the way back`);
      const [one, other] = [here.reading.value, there.reading.value];
      if (!isObject(one) || !isObject(other)) return inconclusive('there are no two Status to compare');
      const names = [one.source_KME_ID, one.target_KME_ID, other.source_KME_ID, other.target_KME_ID];
      if (!names.every((name) => typeof name === 'string')) return inconclusive('not all four KME IDs are there');
      const crossed = names[0] === names[3] && names[1] === names[2];
      return unless(crossed ? null : `${names[0]} → ${names[1]} here, ${names[2]} → ${names[3]} there`, 'they do');
    },
  ),
  shall(
    '6.1',
    'second-hand',
    'stored-count-true',
    'stored_key_count falls by as many keys as were delivered: they are removed from the pool.',
    async (probe) => {
      const before = await probe.restingCount();
      const taken = 4;
      if (before < taken) return inconclusive(`only ${before} keys are there`);
      const keys = await probe.stock(taken);
      const after = await probe.restingCount();
      if (before === probe.limit('max_key_count') && after > before - keys.length) {
        return inconclusive('the count stands at its maximum; more may lie behind it');
      }
      const fell = before - after;
      return unless(
        fell === keys.length ? null : `${keys.length} keys were delivered, the count fell by ${fell}`,
        'it did',
      );
    },
  ),
  shall(
    '6.1',
    'second-hand',
    'max-per-request-true',
    'number may be as high as max_key_per_request.',
    async (probe) => {
      const most = probe.limit('max_key_per_request');
      const answer = await probe.enc({ number: most }, most);
      if (answer.status === 503) return inconclusive('503: not so many keys are there now');
      return unless(answer.status === 200 ? null : `number ${most} is answered with ${answer.status}`, `${most} came`);
    },
  ),
  shall(
    '6.1',
    'second-hand',
    'max-per-request-kept',
    'No more than max_key_per_request keys are given at once.',
    async (probe) => {
      const beyond = probe.limit('max_key_per_request') + 1;
      const { status } = await probe.enc({ number: beyond }, beyond);
      if (status === 503) return inconclusive('503: perhaps for want of keys');
      return unless(status === 200 ? `number ${beyond} is answered with 200` : null, `${status}`);
    },
  ),
  shall('6.1', 'second-hand', 'sizes-true', 'size may be min_key_size and max_key_size.', async (probe) => {
    for (const size of [probe.limit('min_key_size'), probe.limit('max_key_size')]) {
      // Where only multiples of 8 are made, a limit that is none cannot be asked for.
      if (size % 8 !== 0) continue;
      const { status } = await probe.enc({ size });
      if (status === 503) return inconclusive('503: not so much key is there now');
      if (status !== 200) return fail(`size ${size} is answered with ${status}`);
    }
    return unless(null, 'both came');
  }),
  shall(
    '6.1',
    'second-hand',
    'sizes-kept',
    'No key is given that is shorter than min_key_size or longer than max_key_size.',
    async (probe) => {
      const [min, max] = [probe.limit('min_key_size'), probe.limit('max_key_size')];
      const sizes = [min - 8, max + 8].filter((size) => size > 0 && size % 8 === 0);
      if (sizes.length === 0) return notApplicable('there is no size beyond the limits to ask for');
      for (const size of sizes) {
        const { status } = await probe.enc({ size });
        if (status === 200) return fail(`size ${size} is answered with 200, though the limits are ${min} and ${max}`);
        if (status === 503) return inconclusive('503: perhaps for want of key');
      }
      return unless(null, 'refused');
    },
  ),
];
