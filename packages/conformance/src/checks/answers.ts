/** The rules that every answer has to keep. */
import type { AnswerRule } from '../answers.ts';
import { elementsOf, type Key } from '../container.ts';
import type { Answer } from '../exchange.ts';
import { isObject, type Json, type JsonObject } from '../json.ts';
import { REQUIRED_MEMBERS } from '../limits.ts';

/** New ones for each run, since some remember. */
export function answerRules(): AnswerRule[] {
  return [...ofHttp(), ...ofErrors(), ...ofStatus(), ...ofContainers(), ...ofDecisions()];
}

const JSON_TYPE = /^application\/json\s*(;\s*charset="?utf-8"?\s*)?$/i;
const within014 = ({ resource, outside }: Answer): boolean =>
  !outside && ['status', 'enc_keys', 'dec_keys'].includes(resource);
const hasModel = (answer: Answer): boolean => within014(answer) && answer.status !== 401 && answer.bodyBytes > 0;
const isContainer = (answer: Answer): boolean =>
  answer.status === 200 && (answer.resource === 'enc_keys' || answer.resource === 'dec_keys');
const isStatus = (answer: Answer): boolean => answer.status === 200 && answer.resource === 'status';

function ofHttp(): AnswerRule[] {
  return [
    {
      id: '014-5.1-http-1.1',
      ...{ level: 'shall', clause: '5.1', basis: 'placed' },
      sentence: 'HTTP/1.1 is spoken (RFC 7230, RFC 7231).',
      applies: within014,
      fault: ({ httpVersion }) => (httpVersion === '1.1' ? null : `the answer is HTTP/${httpVersion}`),
    },
    {
      id: '014-5.1-content-type',
      ...{ level: 'shall', clause: '5.1', basis: 'placed' },
      sentence: 'A body is declared as application/json, in UTF-8.',
      applies: hasModel,
      fault: ({ contentType }) =>
        contentType !== undefined && JSON_TYPE.test(contentType) ? null : `Content-Type is ${contentType ?? 'missing'}`,
    },
    {
      id: '014-5.1-json',
      ...{ level: 'shall', clause: '5.1', basis: 'placed' },
      sentence: 'A body is JSON as RFC 8259 has it, in UTF-8.',
      applies: hasModel,
      fault: ({ reading }) => reading.malformed,
    },
    {
      id: '014-5.1-json-names',
      ...{ level: 'should', clause: '5.1', basis: 'placed' },
      sentence: 'No name stands twice in one object (RFC 8259, 4: names SHOULD be unique).',
      applies: hasModel,
      fault: ({ reading: { repeated } }) => (repeated.length ? `${repeated[0]} stands twice in one object` : null),
    },
    {
      id: '014-5.1-status-codes',
      ...{ level: 'shall', clause: '5.1', basis: 'placed' },
      sentence: 'The methods answer with 200, 400, 401 or 503 and no other code (tables 4, 6 and 8).',
      applies: within014,
      fault: ({ status }) => ([200, 400, 401, 503].includes(status) ? null : `the answer is ${status}`),
    },
  ];
}

function ofErrors(): AnswerRule[] {
  const hasError = (answer: Answer): boolean => within014(answer) && [400, 503].includes(answer.status);
  return [
    {
      id: '014-5.1-401-without-body',
      ...{ level: 'shall', clause: '5.1', basis: 'placed' },
      sentence: '401 has no data model: the answer has no body (tables 4, 6 and 8).',
      applies: (answer) => within014(answer) && answer.status === 401,
      fault: ({ bodyBytes }) => (bodyBytes === 0 ? null : `401 with a body of ${bodyBytes} bytes`),
    },
    {
      id: '014-6.5-message',
      ...{ level: 'shall', clause: '6.5', basis: 'second-hand' },
      sentence: '400 and 503 carry an Error: an object with a string message.',
      applies: hasError,
      fault: ({ reading: { value } }) =>
        isObject(value) && typeof value.message === 'string' ? null : 'no Error object with a string message',
    },
    {
      id: '014-6.5-details',
      ...{ level: 'shall', clause: '6.5', basis: 'second-hand' },
      sentence: 'details of an Error, if there are any, are an array of objects.',
      applies: (answer) => hasError(answer) && isObject(answer.reading.value) && 'details' in answer.reading.value,
      fault: ({ reading: { value } }) => {
        const details = (value as JsonObject).details;
        return Array.isArray(details) && details.every(isObject) ? null : 'details is not an array of objects';
      },
    },
  ];
}

function ofStatus(): AnswerRule[] {
  const rule = (
    id: string,
    sentence: string,
    fault: (value: JsonObject, answer: Answer) => string | null,
  ): AnswerRule => ({
    id: `014-6.1-${id}`,
    ...{ level: 'shall', clause: '6.1', basis: 'second-hand', sentence },
    applies: (answer) => isStatus(answer) && isObject(answer.reading.value),
    fault: (answer) => fault(answer.reading.value as JsonObject, answer),
  });
  const ordered = (
    id: string,
    sentence: string,
    names: readonly (keyof typeof REQUIRED_MEMBERS)[],
    holds: (...numbers: number[]) => boolean,
  ): AnswerRule => {
    const numbersOf = (answer: Answer): (number | undefined)[] => {
      const { value } = answer.reading;
      return names.map((name) => {
        const number = isObject(value) ? Number(value[name] ?? Number.NaN) : Number.NaN;
        return Number.isInteger(number) ? number : undefined;
      });
    };
    return {
      id: `014-6.1-${id}`,
      ...{ level: 'shall', clause: '6.1', basis: 'second-hand', sentence },
      applies: (answer) => isStatus(answer) && numbersOf(answer).every((number) => number !== undefined),
      fault: (answer) => {
        const numbers = numbersOf(answer) as number[];
        return holds(...numbers) ? null : names.map((name, at) => `${name} ${numbers[at]}`).join(', ');
      },
    };
  };
  return [
    rule('members', 'Status has every required member, of the type that is demanded.', (value) => {
      for (const [name, type] of Object.entries(REQUIRED_MEMBERS)) {
        const member = value[name];
        if (member === undefined) return `${name} is missing`;
        const right = type === 'string' ? typeof member === 'string' && member !== '' : Number.isSafeInteger(member);
        if (!right) return `${name} is not ${type === 'string' ? 'a string' : 'an integer'}`;
      }
      return null;
    }),
    rule('extension', 'status_extension, if it is there, is an object.', ({ status_extension: extension }) =>
      extension === undefined || isObject(extension) ? null : 'status_extension is not an object',
    ),
    {
      ...rule('no-other-members', 'Status has no member that the data format does not name.', (value) =>
        unnamed(value, [...Object.keys(REQUIRED_MEMBERS), 'status_extension']),
      ),
      level: 'should',
    },
    rule(
      'identities',
      'master_SAE_ID is the caller, slave_SAE_ID the SAE of the path.',
      (value, { party, otherSae }) =>
        typeof value.master_SAE_ID === 'string' && value.master_SAE_ID !== party.saeId
          ? `master_SAE_ID is not the caller, ${party.saeId}`
          : typeof value.slave_SAE_ID === 'string' && value.slave_SAE_ID !== otherSae
            ? `slave_SAE_ID is not the SAE of the path, ${otherSae}`
            : null,
    ),
    ordered(
      'stored-within-max',
      'stored_key_count is not negative and never above max_key_count.',
      ['stored_key_count', 'max_key_count'],
      (stored, max) => stored! >= 0 && stored! <= max!,
    ),
    ordered(
      'sizes-in-order',
      'min_key_size is above 0 and at most key_size, key_size at most max_key_size.',
      ['min_key_size', 'key_size', 'max_key_size'],
      (min, size, max) => min! > 0 && min! <= size! && size! <= max!,
    ),
    ordered(
      'per-request-positive',
      'max_key_per_request is at least 1: number 1 is the default of a request.',
      ['max_key_per_request'],
      (most) => most! >= 1,
    ),
    ordered('sae-count-not-negative', 'max_SAE_ID_count is not negative.', ['max_SAE_ID_count'], (most) => most! >= 0),
  ];
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
/** Shorter keys may be equal by chance. */
const DISTINCT_BITS = 64;

function ofContainers(): AnswerRule[] {
  const ids = new Set<string>();
  const digests = new Map<string, string>();
  const rule = (
    clause: string,
    id: string,
    sentence: string,
    fault: AnswerRule['fault'],
    applies: AnswerRule['applies'] = isContainer,
  ): AnswerRule => ({
    id: `014-${clause}-${id}`,
    level: 'shall',
    clause,
    basis: 'second-hand',
    sentence,
    applies,
    fault,
  });
  const ofEach = (answer: Answer, fault: (element: Json, at: number) => string | null): string | null => {
    const elements = elementsOf(answer.reading.value) ?? [];
    return elements.reduce<string | null>((found, element, at) => found ?? fault(element, at), null);
  };
  const someKeys = (answer: Answer, keys: readonly Key[]): boolean => isContainer(answer) && keys.length > 0;
  const made = (answer: Answer, keys: readonly Key[]): boolean =>
    answer.resource === 'enc_keys' && someKeys(answer, keys);
  return [
    rule('6.3', 'keys', 'A key container has an array keys (so in all examples; one table prints Keys).', (answer) => {
      const { value } = answer.reading;
      return isObject(value) && Array.isArray(value.keys) ? null : 'there is no array keys';
    }),
    rule('6.3', 'key-members', 'Each key is an object with a string key_ID and a string key.', (answer) =>
      ofEach(answer, (element, at) => {
        if (!isObject(element)) return `element ${at} is not an object`;
        const missing = ['key_ID', 'key'].find((name) => typeof element[name] !== 'string');
        return missing ? `element ${at} has no string ${missing}` : null;
      }),
    ),
    rule(
      '6.3',
      'extensions',
      'key_container_extension, key_ID_extension and key_extension, if they are there, are objects.',
      (answer) => {
        const wrong = (object: Json, ...names: string[]): string | null => {
          if (!isObject(object)) return null;
          const name = names.find((each) => object[each] !== undefined && !isObject(object[each]));
          return name ? `${name} is not an object` : null;
        };
        return (
          wrong(answer.reading.value ?? null, 'key_container_extension') ??
          ofEach(answer, (element) => wrong(element, 'key_ID_extension', 'key_extension'))
        );
      },
    ),
    {
      ...rule(
        '6.3',
        'no-other-members',
        'A key container has no member that the data format does not name.',
        (answer) => {
          const { value } = answer.reading;
          const outer = isObject(value) ? unnamed(value, ['keys', 'Keys', 'key_container_extension']) : null;
          const names = ['key_ID', 'key_ID_extension', 'key', 'key_extension'];
          return outer ?? ofEach(answer, (element) => (isObject(element) ? unnamed(element, names) : null));
        },
      ),
      level: 'should',
    },
    rule('6.3', 'key-id-uuid', 'key_ID is a UUID (RFC 4122: 36 characters with hyphens).', (answer) =>
      ofEach(answer, (element, at) =>
        !isObject(element) || typeof element.key_ID !== 'string' || UUID.test(element.key_ID)
          ? null
          : `key_ID of element ${at} is not a UUID`,
      ),
    ),
    rule('6.3', 'key-base64', 'key is base64 of RFC 4648, 4: the standard alphabet, padded.', (answer) =>
      ofEach(answer, (element, at) => {
        if (!isObject(element) || typeof element.key !== 'string') return null;
        const { key } = element;
        const canonical = BASE64.test(key) && key !== '' && Buffer.from(key, 'base64').toString('base64') === key;
        return canonical ? null : `key of element ${at} is not standard base64 with padding`;
      }),
    ),
    rule(
      '5.3',
      'key-id-unique',
      'A key ID names one key: none is given to two keys of Get key.',
      (_, keys) => {
        const again = keys.filter(({ keyId }) => ids.has(keyId) || !ids.add(keyId));
        return again.length ? `${again.length} key IDs came a second time` : null;
      },
      made,
    ),
    rule(
      '5.3',
      'keys-removed',
      'A delivered key is removed from the pool: Get key never gives the same key again.',
      (_, keys) => {
        let again = 0;
        for (const { keyId, digest, bits } of keys) {
          if (bits < DISTINCT_BITS) continue;
          if (digests.has(digest)) again++;
          digests.set(digest, keyId);
        }
        return again ? `${again} keys came a second time` : null;
      },
      made,
    ),
  ];
}

const UUID_4_LOWER = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

function ofDecisions(): AnswerRule[] {
  const skykey = { level: 'skykey', clause: '-', basis: '-' } as const;
  const idsMatch = (answer: Answer, pattern: RegExp): boolean =>
    (elementsOf(answer.reading.value) ?? []).every(
      (element) => !isObject(element) || typeof element.key_ID !== 'string' || pattern.test(element.key_ID),
    );
  return [
    {
      id: '014-D4-retry-after',
      ...skykey,
      sentence: '503 says by Retry-After when to ask again.',
      applies: ({ status }) => status === 503,
      fault: ({ headers }) => (/^\d+$/.test(String(headers['retry-after'])) ? null : 'no Retry-After in seconds'),
    },
    {
      id: '014-D14-content-length-0',
      ...skykey,
      sentence: '401 says that it has no body: Content-Length 0.',
      applies: ({ status }) => status === 401,
      fault: ({ headers }) => (headers['content-length'] === '0' ? null : 'no Content-Length: 0'),
    },
    {
      id: '014-D22-lower-case',
      ...skykey,
      sentence: 'Key IDs are emitted in lower case.',
      applies: isContainer,
      fault: (answer) => (idsMatch(answer, /^[^A-Z]*$/) ? null : 'a key_ID holds capital letters'),
    },
    {
      id: '014-D23-version-4',
      ...skykey,
      sentence: 'Key IDs are random UUIDs (version 4).',
      applies: isContainer,
      fault: (answer) => {
        const list = elementsOf(answer.reading.value) ?? [];
        const ids = list.flatMap((each) => (isObject(each) && typeof each.key_ID === 'string' ? [each.key_ID] : []));
        const odd = ids.find((id) => UUID.test(id) && !UUID_4_LOWER.test(id.toLowerCase()));
        return odd === undefined ? null : `${odd} is not of version 4`;
      },
    },
    {
      id: '014-D32-no-store',
      ...skykey,
      sentence: 'Keys are not kept in caches: Cache-Control no-store.',
      applies: isContainer,
      fault: ({ headers }) =>
        /(^|,)\s*no-store\s*(,|$)/i.test(String(headers['cache-control'] ?? '')) ? null : 'no Cache-Control: no-store',
    },
  ];
}

function unnamed(object: JsonObject, names: readonly string[]): string | null {
  const other = Object.keys(object).find((name) => !names.includes(name));
  return other === undefined ? null : `a member ${JSON.stringify(other)} that the standard does not name`;
}
