/** Get key, and the data format of its request. */
import { type Check, shall } from '../check.ts';
import type { Answer } from '../exchange.ts';
import { isObject } from '../json.ts';
import type { Probe } from '../probe.ts';
import { type Finding, fail, inconclusive, notApplicable, pass, unless } from '../verdict.ts';

/** The fixed texts of ETSI GS QKD 014, letter by letter (tables 4, 6 and 8; clauses 6.2 and 6.4); they go with 400. */
export const TEXT = {
  size: 'size shall be a multiple of 8',
  unknownMandatory: 'not all extension_mandatory parameters are supported',
  unmetMandatory: 'not all extension_mandatory request options could be met',
  optional: 'not all extension_optional request options handled',
  notFound: 'one or more keys specified are not found on KME',
} as const;

/** A parameter that nobody knows; the prefix is that of a vendor who does not exist. */
export const UNKNOWN_PARAMETER = { conformancesuite_nobody_knows_this: true };

export const GET_KEY: readonly Check[] = [
  shall('5.3', 'second-hand', 'get', 'An empty request may be a GET.', async (probe) => given(await probe.encGet(''))),
  shall('5.3', 'second-hand', 'get-parameters', 'number and size may be query parameters of a GET.', async (probe) => {
    const size = otherSize(probe);
    const answer = await probe.encGet(`number=2&size=${size}`, 2);
    const keys = probe.keys(answer);
    if (answer.status !== 200 || keys.length === 0) return given(answer);
    const right = keys.length === 2 && keys.every(({ bits }) => bits === size);
    return unless(right ? null : `2 keys of ${size} bits were asked for, ${described(keys)} came`, described(keys));
  }),
  shall('5.3', 'second-hand', 'post', 'A request may be a POST with a JSON body.', async (probe) =>
    given(await probe.enc({ number: 1, size: probe.limit('key_size') })),
  ),
  shall('6.2', 'second-hand', 'all-optional', 'All members of a request are optional: {} is one.', async (probe) =>
    given(await probe.enc({})),
  ),
  shall('6.2', 'second-hand', 'empty-lists', 'Lists of a request may be empty.', async (probe) =>
    given(await probe.enc({ additional_slave_SAE_IDs: [], extension_mandatory: [], extension_optional: [] })),
  ),
  shall('6.2', 'second-hand', 'number', 'As many keys come as number says, and not fewer.', async (probe) => {
    const number = Math.min(5, probe.limit('max_key_per_request'));
    const answer = await probe.enc({ number }, number);
    const came = probe.keys(answer).length;
    if (answer.status !== 200 || came === 0) return notGiven(answer);
    return unless(came === number ? null : `${number} were asked for, ${came} came`, `${came} came`);
  }),
  shall('6.2', 'second-hand', 'number-default', 'number is 1 when it is not said.', async (probe) => {
    const answer = await probe.enc({ size: probe.limit('key_size') });
    const came = probe.keys(answer).length;
    if (answer.status !== 200 || came === 0) return notGiven(answer);
    return unless(came === 1 ? null : `${came} keys came`, 'one key came');
  }),
  shall('6.2', 'second-hand', 'size', 'Keys are as long as size says, in bits.', async (probe) => {
    const sizes = [...new Set([probe.limit('min_key_size'), otherSize(probe), probe.limit('max_key_size')])];
    for (const size of sizes.filter((each) => each % 8 === 0)) {
      const answer = await probe.enc({ size });
      const keys = probe.keys(answer);
      if (answer.status !== 200 || keys.length === 0) return notGiven(answer);
      if (!keys.every(({ bits }) => bits === size)) return fail(`${size} bits were asked for, ${described(keys)} came`);
    }
    return pass(`sizes ${sizes.join(', ')}`);
  }),
  shall('6.2', 'second-hand', 'size-default', 'size is key_size of Get status when it is not said.', async (probe) => {
    const answer = await probe.enc({ number: 1 });
    const keys = probe.keys(answer);
    if (answer.status !== 200 || keys.length === 0) return notGiven(answer);
    const size = probe.limit('key_size');
    return unless(keys.every(({ bits }) => bits === size) ? null : `${described(keys)} came`, `${size} bits`);
  }),
  shall(
    '6.2',
    'second-hand',
    'size-multiple-of-8',
    `A KME that makes only multiples of 8 answers other sizes with 400 and "${TEXT.size}".`,
    async (probe) => {
      const size = probe.limit('key_size') + (probe.limit('key_size') < probe.limit('max_key_size') ? 1 : -1);
      if (size < probe.limit('min_key_size')) return notApplicable('only one size is possible');
      const answer = await probe.enc({ size });
      if (answer.status === 200) return notApplicable(`this KME makes keys of ${size} bits`);
      return refused(answer, TEXT.size);
    },
  ),
  shall(
    '5.3',
    'second-hand',
    'bad-request',
    'A request that is no JSON is answered with 400 (table 6).',
    async (probe) => {
      const answer = await probe.enc('{"number": 1,');
      return refused(answer);
    },
  ),
  shall(
    '6.2',
    'second-hand',
    'extension-mandatory-unknown',
    `A parameter of extension_mandatory that the KME does not know is answered with 400 and "${TEXT.unknownMandatory}".`,
    async (probe) => refused(await probe.enc({ extension_mandatory: [UNKNOWN_PARAMETER] }), TEXT.unknownMandatory),
  ),
  shall(
    '6.2',
    'second-hand',
    'extension-mandatory-unmet',
    `A parameter of extension_mandatory that is known and cannot be met is answered with 400 and "${TEXT.unmetMandatory}".`,
    async (probe) => {
      const { unmeetable } = probe.session;
      if (!unmeetable)
        return notApplicable('vendors name their own parameters; --unmeetable tells one that cannot be met');
      return refused(await probe.enc({ extension_mandatory: [unmeetable] }), TEXT.unmetMandatory);
    },
  ),
  shall(
    '6.2',
    'second-hand',
    'extension-optional-unknown',
    `A parameter of extension_optional may be ignored; if that is an error at all, it is 400 and "${TEXT.optional}".`,
    async (probe) => {
      const answer = await probe.enc({ extension_optional: [UNKNOWN_PARAMETER] });
      return answer.status === 400 ? refused(answer, TEXT.optional) : given(answer);
    },
  ),
  shall(
    '5.3',
    'second-hand',
    'concurrent',
    'Requests at the same time are each answered with keys of their own.',
    async (probe) => {
      const number = Math.min(16, probe.limit('max_key_per_request'));
      const answers = await Promise.all(Array.from({ length: 8 }, () => probe.enc({ number }, number)));
      const odd = answers.find(({ status }) => status !== 200 && status !== 503);
      if (odd) return fail(`one of 8 requests at the same time is answered with ${odd.status}`);
      const ids = answers.flatMap((answer) => probe.keys(answer).map(({ keyId }) => keyId));
      if (ids.length <= number) return inconclusive('fewer than two of 8 requests got keys');
      return unless(
        new Set(ids).size === ids.length ? null : 'a key ID stands in two answers',
        `${ids.length} keys, all distinct`,
      );
    },
  ),
];

/** A size that is neither the default nor a limit, where there is one. */
function otherSize(probe: Probe): number {
  const [min, max, size] = [probe.limit('min_key_size'), probe.limit('max_key_size'), probe.limit('key_size')];
  const candidates = [size + 8, size - 8, Math.ceil((min + 1) / 8) * 8];
  return candidates.find((each) => each > min && each < max && each !== size && each % 8 === 0) ?? size;
}

/** 200 was due. 503 tells nothing about the request. */
export function given(answer: Answer): Finding {
  if (answer.status === 503) return inconclusive('503: the KME has no keys to give now');
  return unless(answer.status === 200 ? null : `the answer is ${answer.status}`, '200');
}

/** For a check that needs keys and is not about whether they come. */
function notGiven({ status }: Answer): Finding {
  return inconclusive(`no keys to look at: the answer is ${status}`);
}

/** 400 was due, with this text. */
export function refused({ status, reading: { value } }: Answer, text?: string): Finding {
  if (status === 503) return inconclusive('503: the KME did not come to look at the request');
  if (status !== 400) return fail(`the answer is ${status}`);
  if (text === undefined) return pass('400');
  const message = isObject(value) ? value.message : undefined;
  return unless(message === text ? null : 'the message is another one', '400, letter by letter');
}

function described(keys: readonly { bits: number }[]): string {
  return `${keys.length} of ${[...new Set(keys.map(({ bits }) => bits))].join(' and ')} bits`;
}
