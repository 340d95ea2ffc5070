import {
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
  whole,
} from './document.ts';

const said = (description: string): Response => ({ description, content: jsonBody(ref('Message')) });
const strangers: Response = { description: 'The partner is authenticated but is no client of SKIP here. No body.' };
const later: Response = {
  ...said('Not enough key now, an alarm, or a KME that is needed does not answer.'),
  headers: RETRY_AFTER,
};
const hex = (description: string) => text(description, { pattern: '^([0-9a-f]{2})+$' });

const remote: Parameter = {
  name: 'remoteSystemID',
  in: 'query',
  required: true,
  description: 'One of those in /capabilities, letter by letter: globs are not expanded.',
  schema: { type: 'string', minLength: 1, maxLength: 64 },
};

const keyAnswers: Readonly<Record<string, Response>> = {
  '200': { description: 'The key; the copy here is overwritten.', content: jsonBody(ref('Key')) },
  '400': said('A parameter is malformed, or the key was not found.'),
  '401': strangers,
  '500': said('The key could not be read and overwritten.'),
  '503': later,
};

/** draft-cisco-skip-02 as Skykey serves it. */
export const SKIP: OpenApiDocument = {
  openapi: '3.1.0',
  info: {
    title: 'Secure Key Integration Protocol (draft-cisco-skip-02), as Skykey serves it',
    version: '02',
    description:
      'Keys for routers. Sizes are in bits, keys and ids in hexadecimal; a key ID is a UUID without hyphens. The draft has no ' +
      'code for a shortage of key: here it is 503, as for entropy.',
    license: LICENSE,
  },
  externalDocs: {
    description: 'draft-cisco-skip-02 (2025-09-03)',
    url: 'https://datatracker.ietf.org/doc/draft-cisco-skip/02/',
  },
  security: MUTUAL_TLS.security,
  paths: {
    '/capabilities': {
      get: {
        operationId: 'getCapabilities',
        summary: 'What this Key Provider does and for whom',
        responses: {
          '200': { description: 'The capabilities.', content: jsonBody(ref('Capabilities')) },
          '401': strangers,
        },
      },
    },
    '/key': {
      get: {
        operationId: 'getNewKey',
        summary: 'A new key, shared with a remote system',
        parameters: [
          remote,
          {
            name: 'size',
            in: 'query',
            required: false,
            description: 'Bits, a multiple of 8.',
            schema: { type: 'integer', minimum: 8, default: 256 },
          },
        ],
        responses: keyAnswers,
      },
    },
    '/key/{keyId}': {
      get: {
        operationId: 'getKeyById',
        summary: 'The key that the remote system got',
        parameters: [
          {
            name: 'keyId',
            in: 'path',
            required: true,
            description: '32 hexadecimal digits in either case.',
            schema: { type: 'string', pattern: '^[0-9a-fA-F]{32}$' },
          },
          remote,
        ],
        responses: keyAnswers,
      },
    },
    '/entropy': {
      get: {
        operationId: 'getEntropy',
        summary: 'Random bits that are used for nothing else',
        parameters: [
          {
            name: 'minentropy',
            in: 'query',
            required: false,
            description: 'Bits at least; rounded up to whole bytes.',
            schema: { type: 'integer', minimum: 1, default: 256 },
          },
        ],
        responses: {
          '200': { description: 'The sample.', content: jsonBody(ref('Entropy')) },
          '400': said('minentropy is malformed.'),
          '401': strangers,
          '500': said('The sample could not be drawn.'),
          '503': said('There is no source, it is not known to be healthy, or not so much can be had.'),
        },
      },
    },
  },
  components: {
    securitySchemes: MUTUAL_TLS.securitySchemes(
      'TLS 1.3 with certificates, or TLS 1.2 with a pre-shared key (DHE-PSK).',
    ),
    schemas: {
      Capabilities: object('What this Key Provider does.', {
        entropy: { type: 'boolean', description: 'Whether /entropy is offered.' },
        key: { type: 'boolean', description: 'Whether keys are.' },
        algorithm: text('How keys are made.', { minLength: 1, maxLength: 32 }),
        localSystemID: text('What this Key Provider is called.', { minLength: 1, maxLength: 64 }),
        remoteSystemID: list('Those that keys can be shared with.', text('One.', { minLength: 1, maxLength: 64 }), {
          minItems: 1,
        }),
      }),
      Key: object('A key and its id.', {
        keyId: text('128 bits.', { pattern: '^[0-9a-f]{32}$' }),
        key: hex('The key.'),
      }),
      Entropy: object('Random bits.', {
        randomStr: hex('The sample.'),
        minentropy: whole('Its entropy at least, bits.', { minimum: 1 }),
      }),
      Message: object('What is wrong, for people.', { message: text('One sentence.') }),
    },
  },
};
