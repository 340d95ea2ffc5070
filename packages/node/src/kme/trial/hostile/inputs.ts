/** What is thrown at the doors of a key manager: bytes by seed, from noise to requests that are right but for one thing. */
import { encodeRequest } from '@skykey/kme';
import type { Random } from '@skykey/photons';

export type Make = (random: Random) => Uint8Array;

const text = (string: string): Uint8Array => new Uint8Array(Buffer.from(string, 'latin1'));
const below = (random: Random, limit: number): number => Math.floor(random.uniform() * limit);
const pick = <T>(random: Random, items: readonly T[]): T => items[below(random, items.length)]!;

export function noise(random: Random, most: number): Uint8Array {
  const bytes = new Uint8Array(below(random, most + 1));
  for (let i = 0; i < bytes.length; i++) bytes[i] = random.uint32() & 0xff;
  return bytes;
}

/** A few bytes changed, cut, doubled or put in; now and then the extremes of a length. */
export function bent(random: Random, sound: Uint8Array): Uint8Array {
  let bytes = Buffer.from(sound);
  for (let changes = 1 + below(random, 3); changes > 0; changes--) {
    const at = below(random, bytes.length + 1);
    switch (below(random, 5)) {
      case 0:
        if (at < bytes.length) bytes[at]! ^= 1 << below(random, 8);
        break;
      case 1:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + below(random, 8))]);
        break;
      case 2:
        bytes = Buffer.concat([bytes.subarray(0, at), noise(random, 8), bytes.subarray(at)]);
        break;
      case 3:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at - below(random, at + 1))]);
        break;
      default:
        if (at + 4 <= bytes.length) bytes.writeUInt32BE(pick(random, [0, 1, 0x7fff_ffff, 0xffff_ffff, 65_536]), at);
    }
  }
  return bytes;
}

/** A ClientHello record of TLS as it begins, with extremes of length; and whatever else comes to a port. */
export const rawTls: Make = (random) => {
  const hello = Buffer.concat([
    Buffer.from([22, 3, 1, 0, 80, 1, 0, 0, 76, 3, 3]),
    noise(random, 32),
    Buffer.from([0, 0, 4, 0x13, 1, 0x13, 2, 1, 0, 0, 0]),
  ]);
  return pick<Make>(random, [
    () => bent(random, hello),
    () => noise(random, 400),
    () => text('GET / HTTP/1.1\r\nHost: x\r\n\r\n'),
    () => Buffer.concat([Buffer.from([22, 3, 3, 0xff, 0xff]), noise(random, 2000)]),
    () => Buffer.from([21, 3, 3, 0, 2, 2, below(random, 256)]),
    () => Buffer.from([0x80, 46, 1, 3, 1]),
  ])(random);
};

const head = (method: string, path: string, headers: readonly string[]): string =>
  `${method} ${path} HTTP/1.1\r\nHost: kme\r\n${headers.map((line) => `${line}\r\n`).join('')}\r\n`;

/** A whole request whose framing is beyond doubt. */
export function request(method: string, path: string, body: Uint8Array, type = 'application/json'): Uint8Array {
  const first = head(method, path, [`Content-Type: ${type}`, `Content-Length: ${body.length}`]);
  return Buffer.concat([Buffer.from(first, 'latin1'), body]);
}

/** Two readers could take these for different requests, or for none. Each ends with the connection. */
export const smuggled: Make = (random) => {
  const path = '/api/v1/keys/b1/enc_keys';
  const shapes: readonly (() => string)[] = [
    () => `${head('POST', path, ['Content-Length: 4', 'Transfer-Encoding: chunked'])}0\r\n\r\nGET /x HTTP/1.1\r\n\r\n`,
    () => `${head('POST', path, ['Transfer-Encoding: chunked', 'Transfer-Encoding: identity'])}0\r\n\r\n`,
    () => `${head('POST', path, ['Transfer-Encoding : chunked'])}0\r\n\r\n`,
    () => `${head('POST', path, ['Content-Length: 2', 'Content-Length: 3'])}{}x`,
    () => `${head('POST', path, ['Content-Length: +2'])}{}`,
    () => `${head('POST', path, ['Content-Length: 0x2'])}{}`,
    () => `${head('POST', path, [`Content-Length: ${'9'.repeat(1 + below(random, 40))}`])}{}`,
    () => `${head('POST', path, ['Transfer-Encoding: chunked'])}${'f'.repeat(1 + below(random, 20))}\r\n{}\r\n`,
    () =>
      `${head('POST', path, ['Transfer-Encoding: chunked'])}2;${'a'.repeat(below(random, 20_000))}\r\n{}\r\n0\r\n\r\n`,
    () =>
      `${head('POST', path, ['Transfer-Encoding: chunked'])}2\r\n{}\r\n0\r\n${'X: y\r\n'.repeat(below(random, 3000))}\r\n`,
    () => `GET ${path} HTTP/1.1\nHost: kme\n\n`,
    () => `GET ${path}\r\n\r\n`,
    () => `GET  ${path}  HTTP/1.1\r\nHost: kme\r\n\r\n`,
    () => `GET ${path} HTTP/${below(random, 100)}.${below(random, 100)}\r\nHost: kme\r\n\r\n`,
    () => head('GET', path, ['X: a', ' folded', '\tfolded']),
    () => head('GET', path, [`X\0Y: ${below(random, 9)}`]),
    () => head('GET', path, [`X: ${'\r'.repeat(1 + below(random, 3))}Y: z`]),
    () => head('GET', path, [`X: ${'y'.repeat(below(random, 40_000))}`]),
    () =>
      head(
        'GET',
        path,
        Array.from({ length: below(random, 3000) }, (_, i) => `X${i}: y`),
      ),
    () => head('GET', `/${'%2e%2e/'.repeat(below(random, 800))}`, []),
    () => head('GET', `${path}?${'key_ID=&'.repeat(below(random, 900))}`, []),
    () => head('GET', `http://other:1${path}`, ['Host: third']),
    () => head(pick(random, ['TRACE', 'CONNECT', 'OPTIONS', 'PRI', 'get', 'M'.repeat(300)]), path, []),
    () => head('GET', path, ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Key: x']),
    () => head('POST', path, ['Expect: 100-continue', 'Content-Length: 0']),
    () => head('POST', path, ['Expect: the-unexpected', 'Content-Length: 0']),
    () => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  ];
  const shape = text(pick(random, shapes)());
  return random.uniform() < 0.3 ? bent(random, shape) : shape;
};

const VALUES: readonly string[] = [
  ...[
    'null',
    'true',
    '0',
    '-1',
    '1e308',
    '1e-7',
    '9007199254740993',
    '""',
    '"b1"',
    '"\\u0000"',
    '"\\ud800"',
    '[]',
    '{}',
  ],
  ...[
    '[[]]',
    '[{}]',
    '{"__proto__":{"x":1}}',
    '"relayed"',
    '1.5',
    '-0',
    'NaN',
    '00',
    "'x'",
    '64',
    '256',
    '4096',
    '128',
  ],
];
const NAMES: readonly string[] = [
  ...['number', 'size', 'additional_slave_SAE_IDs', 'extension_mandatory', 'extension_optional', 'key_IDs', 'key_ID'],
  ...['__proto__', 'constructor', 'toString', 'key_IDs_extension', 'skykey_route_type', 'x', ''],
  ...['keys', 'key_id', 'value', 'initiator_sae_id', 'target_sae_ids', 'ack_callback_url', 'key_ids', 'reason'],
];

/** JSON and what is nearly JSON; deep, wide and doubled ones among it. */
export function json(random: Random): Uint8Array {
  const value = (depth: number): string => {
    const kind = random.uniform();
    if (depth > 3 || kind < 0.6) return pick(random, VALUES);
    const count = below(random, 4);
    if (kind < 0.75) return `[${Array.from({ length: count }, () => value(depth + 1)).join(',')}]`;
    return `{${Array.from({ length: count }, () => `"${pick(random, NAMES)}":${value(depth + 1)}`).join(',')}}`;
  };
  const object = (): string => {
    const count = below(random, 5);
    return `{${Array.from({ length: count }, () => `"${pick(random, NAMES)}":${value(1)}`).join(',')}}`;
  };
  const kind = random.uniform();
  if (kind < 0.7) return text(object());
  if (kind < 0.85) return bent(random, text(object()));
  const many = 1 + below(random, 5000);
  return text(
    pick(random, [
      '['.repeat(many),
      '{"a":'.repeat(many),
      `{"number":1${'0'.repeat(many)}}`,
      `"${'\\u0041'.repeat(many)}"`,
      `{${'"number":1,'.repeat(many)}"number":1}`,
      `{"key_IDs":[${'{"key_ID":""},'.repeat(many)}{}]}`,
      `{"additional_slave_SAE_IDs":[${'"b1",'.repeat(many)}"b1"]}`,
      `${' '.repeat(many)}{}`,
      '\xff\xfe\xfd',
      '\xef\xbb\xbf{}',
    ]),
  );
}

const UUID = '00000000-0000-4000-8000-000000000001';
const SAES = [
  'a1',
  'b1',
  'b2',
  'nobody',
  '%00',
  '%',
  '..',
  '%2e%2e',
  '__proto__',
  'x'.repeat(300),
  'b1%2Fstatus',
  '\u00ff',
];

/** ETSI GS QKD 014: whole requests, wrong in path, query or body. */
export const etsi014: Make = (random) => {
  const resource = pick(random, ['status', 'enc_keys', 'dec_keys', 'enc_keys/', 'STATUS', '', 'dec_keys%00']);
  const path = `/api/v1/keys/${pick(random, SAES)}/${resource}`;
  if (random.uniform() < 0.4) {
    const query = pick(random, [
      '',
      '?number=1',
      '?number=-1',
      '?size=7',
      '?size=1e3',
      `?key_ID=${UUID}`,
      '?key_ID=x&key_ID=y',
      '?&&&',
      '?%',
    ]);
    return request(pick(random, ['GET', 'GET', 'PUT', 'DELETE']), path + query, new Uint8Array(0));
  }
  const type = pick(random, [
    'application/json',
    'application/json',
    'text/plain',
    'application/json; charset=utf-16',
    ';',
  ]);
  return request('POST', path, json(random), type);
};

export const skip: Make = (random) => {
  const id = pick(random, [
    '',
    '/',
    `/${UUID.replaceAll('-', '')}`,
    '/%',
    `/${'f'.repeat(below(random, 200))}`,
    '/../key',
  ]);
  const path = pick(random, ['/capabilities', `/key${id}`, '/entropy', '/', '//', '/key%00', '/KEY']);
  const names = ['remoteSystemID', 'size', 'minentropy', '__proto__', ''];
  const values = ['sys-b1', 'sys-*', '*', '[a-z]', '256', '0', '-8', '7', '9'.repeat(40), '%ff', '%00'];
  const query = Array.from({ length: below(random, 4) }, () => `${pick(random, names)}=${pick(random, values)}`);
  return request(pick(random, ['GET', 'GET', 'GET', 'POST']), `${path}?${query.join('&')}`, new Uint8Array(0));
};

/** ETSI GS QKD 020: containers that are right but for a member, and those that are not. */
export const etsi020: Make = (random) => {
  const pair = '"initiator_sae_id":"d1","target_sae_ids":["a1"]';
  const url = '"ack_callback_url":"https://127.0.0.1:9/kmapi/v1/ext_keys/ack"';
  const sound = pick(random, [
    `{${pair},${url},"keys":[{"key_id":"${UUID}","value":"AAECAwQFBgc="}]}`,
    `{${pair},"keys":[{"key_id":"${UUID}","value":"AAECAwQFBgc=","extension":{"E1_x":1}}]}`,
    `{${pair},${url},"key_ids":["${UUID}"]}`,
    `[{${pair},"key_id_container":[{"key_id":"${UUID}"}],"ack_status":"relayed"}]`,
  ]);
  const kind = random.uniform();
  const name = pick(random, NAMES);
  const value = pick(random, VALUES);
  const body =
    kind < 0.4
      ? text(sound.replace('{', `{"${name}":${value},`))
      : kind < 0.7
        ? bent(random, text(sound))
        : json(random);
  const path = pick(random, [
    '/kmapi/versions',
    '/kmapi/v1/ext_keys',
    '/kmapi/v1/ext_keys/ack',
    '/kmapi/v1/ext_keys/void',
    '/kmapi',
  ]);
  return request(pick(random, ['POST', 'POST', 'POST', 'GET', 'PUT']), path, body);
};

/** Frames between key managers, with the certificate of one that is known: without its one-time keys, or no frames at all. */
export const peer: Make = (random) => {
  const u32 = (value: number): Buffer => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(value);
    return bytes;
  };
  const name = (string: string): Buffer => Buffer.concat([u32(string.length), Buffer.from(string)]);
  const u64 = (): Buffer => Buffer.concat([u32(below(random, 2)), u32(below(random, 1000))]);
  const content = noise(random, 200);
  const frame = Buffer.concat([
    Buffer.from(pick(random, ['SKQ2', 'SKQ2', 'SKQ2', 'SKA2', 'SKC1', 'SKR1'])),
    ...[name(pick(random, ['beta', 'beta', 'alpha', 'gamma', ''])), name(pick(random, ['alpha', 'alpha', 'beta']))],
    ...[u64(), u64(), u32(content.length), content, noise(random, 16)],
  ]);
  const kind = random.uniform();
  const path = pick(random, ['/skykey/kme/v1', '/skykey/kme/v1', '/skykey/kme/v1', '/skykey/kme/v1/hello', '/']);
  const hello = text(`{"nowMs":${pick(random, VALUES)},"couriers":${pick(random, VALUES)}}`);
  const body = path.endsWith('hello')
    ? hello
    : kind < 0.5
      ? frame
      : kind < 0.9
        ? bent(random, frame)
        : noise(random, 3000);
  return request('POST', path, body, 'application/octet-stream');
};

/** ETSI GS QKD 004: calls of either dialect, bent or not. */
export const etsi004: Make = (random) => {
  const dialect = pick(random, ['P', 'C'] as const);
  const uri = (): string =>
    pick(random, [
      'qkd://app@a1',
      'qkd://app@b1',
      'urn:skykey:b1',
      'qkd://app@b2',
      '',
      'x'.repeat(below(random, 1000)),
    ]);
  const number = (): number => pick(random, [0, 1, 32, 255, 65_536, 0xffff_ffff]);
  const ksid = pick(random, [UUID, '00000000-0000-0000-0000-000000000000']);
  const qos = {
    ...{ chunkBytes: number(), maxBps: number(), minBps: number(), jitterBps: number(), priority: number() },
    ...{ timeoutMs: pick(random, [1, 20]), ttlS: number(), metadataType: pick(random, ['', 'application/json']) },
  };
  const sound = pick(random, [
    () =>
      encodeRequest({ call: 'open', dialect, source: 'qkd://app@a1', destination: uri(), qos, ksid: null }, dialect),
    () => encodeRequest({ call: 'get', dialect, ksid, index: number(), metadataRoom: pick(random, [0, 64]) }, dialect),
    () => encodeRequest({ call: 'close', ksid }, dialect),
    () => encodeRequest({ call: 'open', dialect, source: uri(), destination: uri(), qos, ksid: UUID }, dialect),
  ])();
  const kind = random.uniform();
  return kind < 0.5 ? sound : kind < 0.9 ? bent(random, sound) : noise(random, 300);
};

/** Operations, on loopback: also from pages of a browser that were led there. */
export const operations: Make = (random) => {
  const path = pick(random, [
    ...[
      '/healthz',
      '/metrics',
      '/api/state',
      '/api/alarms',
      '/openapi/etsi014.json',
      '/openapi/../x',
      '/openapi/%',
      '/%00',
    ],
    ...[
      '/api/links/x/alarm',
      '/api/links/%2e%2e/reopen',
      '/api/links/__proto__/alarm',
      `/${'a/'.repeat(below(random, 500))}`,
    ],
    ...[
      '/restconf/data/etsi-qkd-sdn-node:qkd_node',
      '/restconf/data/etsi-qkd-sdn-node:qkd_node/qkd_links/qkd_link=x',
      '/restconf/%',
    ],
  ]);
  const body = json(random);
  const host = pick(random, ['127.0.0.1', 'localhost', 'evil.example', '127.0.0.1.evil.example']);
  const origin = pick(random, ['', 'Origin: https://evil.example\r\n', 'Origin: null\r\n']);
  const isPost = random.uniform() < 0.4;
  const first = `${isPost ? 'POST' : 'GET'} ${path} HTTP/1.1\r\nHost: ${host}\r\n${origin}Content-Type: application/json\r\n`;
  return isPost
    ? Buffer.concat([Buffer.from(`${first}Content-Length: ${body.length}\r\n\r\n`, 'latin1'), body])
    : text(`${first}\r\n`);
};
