import {
  BASE64,
  jsonBody,
  LICENSE,
  list,
  MUTUAL_TLS,
  type OpenApiDocument,
  object,
  type Parameter,
  RETRY_AFTER,
  type Response,
  ref,
  text,
  UUID,
  whole,
} from './document.ts';

const COUNT = { minimum: 0, maximum: 2 ** 31 - 1 } as const;

const saeId = (name: string, description: string): Parameter => ({
  name,
  in: 'path',
  required: true,
  description,
  schema: { type: 'string', minLength: 1, maxLength: 64 },
});

const errors: Readonly<Record<string, Response>> = {
  '400': {
    description: 'The request is wrong, or a key that it names cannot be had.',
    content: jsonBody(ref('Error')),
  },
  '401': { description: 'The caller, or the pair of applications, may not. No body: the standard has no data model.' },
  '503': {
    description: 'Not enough keys, an alarm, a quota, or a KME that is needed does not answer. Nothing was consumed.',
    headers: RETRY_AFTER,
    content: jsonBody(ref('Error')),
  },
};

const keys: Response = { description: 'The keys, in order.', content: jsonBody(ref('KeyContainer')) };

/** ETSI GS QKD 014 V1.1.1 (2019-02) as Skykey serves it. */
export const ETSI014: OpenApiDocument = {
  openapi: '3.1.0',
  info: {
    title: 'ETSI GS QKD 014 key delivery, as Skykey serves it',
    version: '1.1.1',
    description:
      'Keys for applications (SAEs) of this site over HTTPS with client certificates. Sizes are in bits. A key is delivered ' +
      'once to each application; whoever loses the answer has lost the keys. All keys asked for, or none.',
    license: LICENSE,
  },
  externalDocs: {
    description: 'ETSI GS QKD 014 V1.1.1 (2019-02)',
    url: 'https://www.etsi.org/deliver/etsi_gs/QKD/001_099/014/01.01.01_60/gs_QKD014v010101p.pdf',
  },
  security: MUTUAL_TLS.security,
  paths: {
    '/api/v1/keys/{slave_SAE_ID}/status': {
      parameters: [saeId('slave_SAE_ID', 'The application to share keys with, percent-encoded.')],
      get: {
        operationId: 'getStatus',
        summary: 'What can be had with this application now (clause 5.1)',
        responses: { '200': { description: 'The status.', content: jsonBody(ref('Status')) }, ...errors },
      },
    },
    '/api/v1/keys/{slave_SAE_ID}/enc_keys': {
      parameters: [saeId('slave_SAE_ID', 'The application to share keys with, percent-encoded.')],
      get: {
        operationId: 'getKeyByQuery',
        summary: 'New keys, when number and size are all there is to say (clause 5.2)',
        parameters: [
          {
            name: 'number',
            in: 'query',
            required: false,
            description: 'How many.',
            schema: { type: 'integer', minimum: 1, default: 1 },
          },
          {
            name: 'size',
            in: 'query',
            required: false,
            description: 'Bits of each, a multiple of 8; key_size of the status when left out.',
            schema: { type: 'integer', minimum: 8 },
          },
        ],
        responses: { '200': keys, ...errors },
      },
      post: {
        operationId: 'getKey',
        summary: 'New keys (clause 5.2)',
        requestBody: { required: false, content: jsonBody(ref('KeyRequest')) },
        responses: { '200': keys, ...errors },
      },
    },
    '/api/v1/keys/{master_SAE_ID}/dec_keys': {
      parameters: [saeId('master_SAE_ID', 'The application that got the keys first, percent-encoded.')],
      get: {
        operationId: 'getKeyWithIdByQuery',
        summary: 'The copy of one key (clause 5.3)',
        parameters: [{ name: 'key_ID', in: 'query', required: true, description: 'Exactly one.', schema: UUID }],
        responses: { '200': keys, ...errors },
      },
      post: {
        operationId: 'getKeyWithIds',
        summary: 'Copies of keys by their ids (clause 5.3)',
        requestBody: { required: true, content: jsonBody(ref('KeyIds')) },
        responses: { '200': keys, ...errors },
      },
    },
  },
  components: {
    securitySchemes: MUTUAL_TLS.securitySchemes(
      'TLS 1.2 or higher. The certificate of the SAE authority names the SAE ID in a URI of its subject alternative name.',
    ),
    schemas: {
      Status: object('Clause 6.1.', {
        source_KME_ID: text('The KME that answers.'),
        target_KME_ID: text('The KME of the slave SAE.'),
        master_SAE_ID: text('The caller.'),
        slave_SAE_ID: text('The SAE of the path.'),
        key_size: whole('Default size, bits.', COUNT),
        stored_key_count: whole('Keys of the default size that can be had now; at most max_key_count.', COUNT),
        max_key_count: whole('The most that stored_key_count tells.', COUNT),
        max_key_per_request: whole('The most that number may be.', COUNT),
        max_key_size: whole('Bits.', COUNT),
        min_key_size: whole('Bits.', COUNT),
        max_SAE_ID_count: whole('The most additional_slave_SAE_IDs; 0: no multicast.', COUNT),
        'status_extension?': {
          type: 'object',
          description: 'An alarm and the links under it, or when the next key is expected; members begin with skykey_.',
          additionalProperties: true,
        },
      }),
      KeyRequest: object('Clause 6.2. Members that are not known are ignored.', {
        'number?': whole('How many keys.', { minimum: 1, default: 1 }),
        'size?': whole('Bits of each, a multiple of 8.', { minimum: 8 }),
        'additional_slave_SAE_IDs?': list('Further SAEs that get identical keys.', { type: 'string' }),
        'extension_mandatory?': list('All understood and met, or 400.', ref('Extension')),
        'extension_optional?': list('Those not understood are ignored.', ref('Extension')),
      }),
      Extension: {
        ...object('What Skykey understands; any other member is the name of an extension that it does not.', {
          'skykey_route_type?': text('`direct`: no node between the ends has ever held the key.', {
            enum: ['direct', 'relayed'],
          }),
          'skykey_max_age?': whole('Made at most so long ago, milliseconds.', { minimum: 0 }),
          'skykey_min_paths?': whole('Node-disjoint paths at least.', { minimum: 1 }),
        }),
        additionalProperties: true,
      },
      KeyContainer: object('Clause 6.3.', {
        keys: list(
          'In the order asked for.',
          object('A key.', {
            key_ID: { ...UUID, description: 'Lower case.' },
            key: BASE64,
            'key_extension?': object('Where the key comes from; only when an extension asked about it.', {
              'skykey_route_type?': text('How it came.', { enum: ['direct', 'relayed'] }),
              'skykey_hops?': whole('Nodes between the ends, at most over its paths.', COUNT),
              'skykey_paths?': whole('Node-disjoint paths over which it was shared.', COUNT),
            }),
          }),
          { minItems: 1 },
        ),
      }),
      KeyIds: object('Clause 6.4. Members that are not known are ignored.', {
        key_IDs: list('Each once.', object('An id.', { key_ID: UUID }), { minItems: 1 }),
      }),
      Error: object('Clause 6.5.', {
        message: text('What is wrong. Some texts are fixed by the standard.'),
        'details?': list('More, by name.', { type: 'object', additionalProperties: true }),
      }),
    },
  },
};
