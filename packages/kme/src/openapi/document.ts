/** As much of OpenAPI 3.1 and JSON Schema 2020-12 as Skykey's documents use. */
export interface OpenApiDocument {
  readonly openapi: '3.1.0';
  readonly info: {
    readonly title: string;
    readonly version: string;
    readonly description: string;
    readonly license?: { readonly name: string; readonly identifier: string };
  };
  readonly externalDocs?: { readonly description: string; readonly url: string };
  readonly security?: readonly Readonly<Record<string, readonly string[]>>[];
  readonly paths?: Readonly<Record<string, PathItem>>;
  readonly components: {
    readonly securitySchemes?: Readonly<Record<string, object>>;
    readonly schemas?: Readonly<Record<string, Schema>>;
  };
}

export type Verb = 'get' | 'head' | 'post';
export type PathItem = { readonly [verb in Verb]?: Operation } & { readonly parameters?: readonly Parameter[] };

export interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly required: boolean; readonly content: Content };
  readonly responses: Readonly<Record<string, Response>>;
}

export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required: boolean;
  readonly description: string;
  readonly schema: Schema;
}

export interface Response {
  readonly description: string;
  readonly headers?: Readonly<Record<string, { readonly description: string; readonly schema: Schema }>>;
  readonly content?: Content;
}

export type Content = Readonly<Record<string, { readonly schema: Schema }>>;

export interface Schema {
  readonly $ref?: string;
  readonly description?: string;
  readonly type?: string;
  readonly format?: string;
  readonly contentEncoding?: string;
  readonly enum?: readonly string[];
  readonly const?: string | boolean;
  readonly default?: number | string | boolean;
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly items?: Schema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems?: boolean;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
  readonly minProperties?: number;
  readonly maxProperties?: number;
  readonly anyOf?: readonly Schema[];
}

export const LICENSE = { name: 'Apache-2.0', identifier: 'Apache-2.0' } as const;

export const MUTUAL_TLS = {
  security: [{ mutualTls: [] }],
  securitySchemes: (description: string) => ({ mutualTls: { type: 'mutualTLS', description } }),
} as const;

export const ref = (name: string): Schema => ({ $ref: `#/components/schemas/${name}` });

/** An object of these members, all required but those whose name ends in `?`. Others may stand beside them. */
export function object(description: string, members: Readonly<Record<string, Schema>>): Schema {
  const names = Object.keys(members);
  const required = names.filter((name) => !name.endsWith('?'));
  return {
    type: 'object',
    description,
    ...(required.length > 0 && { required }),
    properties: Object.fromEntries(names.map((name) => [name.replace(/\?$/, ''), members[name]!])),
  };
}

export const text = (description: string, more: Schema = {}): Schema => ({ type: 'string', description, ...more });
export const whole = (description: string, more: Schema = {}): Schema => ({ type: 'integer', description, ...more });
export const list = (description: string, items: Schema, more: Schema = {}): Schema => ({
  type: 'array',
  description,
  items,
  ...more,
});

export const jsonBody = (schema: Schema, type = 'application/json'): Content => ({ [type]: { schema } });

export const UUID: Schema = {
  type: 'string',
  format: 'uuid',
  pattern: '^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$',
};

export const BASE64: Schema = {
  type: 'string',
  contentEncoding: 'base64',
  pattern: '^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$',
  minLength: 4,
};

export const RETRY_AFTER = {
  'Retry-After': {
    description: 'When it is worth asking again, seconds.',
    schema: { type: 'string', pattern: '^[0-9]+$' },
  },
} as const;
