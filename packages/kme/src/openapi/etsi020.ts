import { ACK_STATUSES, MAX_ITEMS, MAX_TARGETS } from '../etsi020/message.ts';
import { PROBLEM_BASE, PROBLEM_TYPES } from '../etsi020/problem.ts';
import {
  BASE64,
  jsonBody,
  LICENSE,
  list,
  MUTUAL_TLS,
  type OpenApiDocument,
  object,
  RETRY_AFTER,
  type Response,
  ref,
  text,
  UUID,
  whole,
} from './document.ts';

const problem = (description: string): Response => ({ description, content: jsonBody(ref('Problem')) });
const unauthorized = problem(
  'The certificate names no KME that is known, or one that may not speak for these SAEs. Nothing is kept.',
);
const busy: Response = {
  ...problem('An extension, a route, key or the store is missing. Something may be kept: repeat or void.'),
  headers: RETRY_AFTER,
};
const transfers: Readonly<Record<string, Response>> = {
  '200': {
    description: 'Synchronous mode: how it ended for each key.',
    content: jsonBody(ref('Acknowledgements')),
  },
  '202': { description: 'Accepted and durable; acknowledgements follow at ack_callback_url.' },
  '400': problem('The request is wrong. Nothing of it is kept.'),
  '401': unauthorized,
  '408': problem('The request did not come in time.'),
  '503': busy,
};
const extension = (description: string) => ({ ...ref('Extension'), description });

/** ETSI GS QKD 020 V1.1.1 as Skykey serves it. */
export const ETSI020: OpenApiDocument = {
  openapi: '3.1.0',
  info: {
    title: 'ETSI GS QKD 020 interoperable key management, as Skykey serves it',
    version: '1.1.1',
    description:
      'Keys between key management entities of different makers in one site. A key is released to its initiator after ' +
      '`relayed` for all its targets. Callbacks go to configured addresses alone. Whole bytes only.',
    license: LICENSE,
  },
  externalDocs: {
    description: 'ETSI GS QKD 020 V1.1.1, the OpenAPI description of ETSI (BSD-3-Clause)',
    url: 'https://forge.etsi.org/rep/qkd/gs020-interop-kms/-/tree/v1.1.1',
  },
  security: MUTUAL_TLS.security,
  paths: {
    '/kmapi/versions': {
      get: {
        operationId: 'getVersions',
        summary: 'What is spoken here',
        responses: {
          '200': { description: 'Versions and capabilities.', content: jsonBody(ref('Versions')) },
          '401': unauthorized,
        },
      },
    },
    '/kmapi/v1/ext_keys': {
      post: {
        operationId: 'postExtKeys',
        summary: 'Take keys for applications of this network',
        requestBody: { required: true, content: jsonBody(ref('ExtKeys')) },
        responses: transfers,
      },
    },
    '/kmapi/v1/ext_keys/ack': {
      post: {
        operationId: 'postExtKeysAck',
        summary: 'Hear what has become of keys that were handed over or voided',
        requestBody: { required: true, content: jsonBody(ref('Acknowledgements')) },
        responses: {
          '200': { description: 'Heard, and durable.' },
          '400': problem('The acknowledgement is wrong, or about a key that is not known. Nothing of it was taken.'),
          '401': unauthorized,
          '503': busy,
        },
      },
    },
    '/kmapi/v1/ext_keys/void': {
      post: {
        operationId: 'postExtKeysVoid',
        summary: 'Burn keys that were handed over, in either direction',
        requestBody: { required: true, content: jsonBody(ref('Void')) },
        responses: transfers,
      },
    },
  },
  components: {
    securitySchemes: MUTUAL_TLS.securitySchemes(
      'TLS 1.3 or higher; certificates of the KME authorities, one identity each.',
    ),
    schemas: {
      Versions: object('What is spoken here.', {
        versions: list('Of this interface.', text('A version.', { maxLength: 16 }), { minItems: 1 }),
        'capabilities?': list(
          '`synchronous_mode`: requests without ack_callback_url.',
          text('One.', { maxLength: 128 }),
        ),
      }),
      SaeId: text('At most 64 characters that RFC 3986 allows.', { minLength: 1, maxLength: 64 }),
      Extension: {
        type: 'object',
        description: 'Names begin with E, an IANA private enterprise number and an underscore.',
        additionalProperties: true,
        minProperties: 1,
        maxProperties: MAX_ITEMS,
      },
      ExtKeys: object('Keys that their initiator waits for.', {
        keys: list(
          'Each id once.',
          object('A key.', { key_id: UUID, value: BASE64, 'extension?': extension('Passed on unchanged.') }),
          { minItems: 1, maxItems: MAX_ITEMS },
        ),
        initiator_sae_id: ref('SaeId'),
        target_sae_ids: list('Who gets copies.', ref('SaeId'), { minItems: 1, maxItems: MAX_TARGETS }),
        'ack_callback_url?': text('The one configured here for the caller; left out: synchronous mode.', {
          format: 'uri',
          maxLength: 1024,
          pattern: '^https://',
        }),
        'extension_mandatory?': extension('Understood, or 503; none is understood by Skykey.'),
        'extension_optional?': extension('Passed on unchanged.'),
      }),
      Void: object('Keys that nobody shall get.', {
        key_ids: list('Empty: all of these SAEs, when all_confirmation is true.', UUID, { maxItems: MAX_ITEMS }),
        initiator_sae_id: ref('SaeId'),
        target_sae_ids: list('As they were in the transfer.', ref('SaeId'), { minItems: 1, maxItems: MAX_TARGETS }),
        'ack_callback_url?': text('As in a transfer.', { format: 'uri', maxLength: 1024, pattern: '^https://' }),
        'all_confirmation?': { type: 'boolean', description: 'That all keys of these SAEs are meant.' },
        'extension?': extension('Ignored.'),
      }),
      Acknowledgements: list(
        'Each about keys that share a status and an association.',
        object('What has become of keys.', {
          key_id_container: list(
            'The keys; none: all that there were, which was none.',
            object('A key.', { key_id: UUID, 'extension?': extension('About this key.') }),
            { maxItems: MAX_ITEMS },
          ),
          ack_status: text('`failed to void`: an application has fetched it.', { enum: ACK_STATUSES }),
          initiator_sae_id: ref('SaeId'),
          target_sae_ids: list('Those that it is about.', ref('SaeId'), { minItems: 1, maxItems: MAX_TARGETS }),
          'message?': text('For people.', { maxLength: 4096 }),
          'extension?': extension('About all of them.'),
        }),
        { maxItems: MAX_ITEMS },
      ),
      Problem: object('RFC 9457 in the shape of ETSI GS QKD 020.', {
        type: text('Which problem.', { format: 'uri', enum: PROBLEM_TYPES.map((type) => PROBLEM_BASE + type) }),
        status: whole('The HTTP status.', { minimum: 100, maximum: 599 }),
        title: text('For people.'),
        details: {
          type: 'object',
          description: 'What it is about, by name.',
          minProperties: 1,
          additionalProperties: { type: 'string' },
        },
      }),
    },
  },
};
