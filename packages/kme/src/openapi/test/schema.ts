import assert from 'node:assert/strict';
import type { OpenApiDocument, Operation, Schema, Verb } from '../document.ts';

/**
 * A validator for the JSON Schema that the documents use. Stricter than the standard: a member that the schema does not
 * name is an error unless `additionalProperties` says otherwise, so that an answer cannot outgrow its description.
 */
export function violations(value: unknown, schema: Schema, document: OpenApiDocument, at = '$'): string[] {
  if (schema.$ref !== undefined) {
    const name = schema.$ref.replace('#/components/schemas/', '');
    const target = document.components.schemas?.[name];
    assert.ok(target, `${schema.$ref} is not in the document`);
    return violations(value, target, document, at);
  }
  for (const keyword of Object.keys(schema)) assert.ok(KNOWN.has(keyword), `the validator does not know ${keyword}`);
  const wrong = (what: string): string[] => [`${at}: ${what}`];
  if (schema.type !== undefined && !isType(value, schema.type)) return wrong(`not of type ${schema.type}`);
  const found: string[] = [];
  if (schema.enum && !schema.enum.includes(value as string)) found.push(...wrong(`none of ${schema.enum.join(', ')}`));
  if (schema.const !== undefined && value !== schema.const) found.push(...wrong(`not ${schema.const}`));
  if (typeof value === 'string') {
    if (value.length < (schema.minLength ?? 0)) found.push(...wrong('too short'));
    if (value.length > (schema.maxLength ?? Number.POSITIVE_INFINITY)) found.push(...wrong('too long'));
    if (schema.pattern && !new RegExp(schema.pattern, 'u').test(value)) found.push(...wrong(`not ${schema.pattern}`));
  }
  if (typeof value === 'number') {
    if (value < (schema.minimum ?? Number.NEGATIVE_INFINITY)) found.push(...wrong('too small'));
    if (value > (schema.maximum ?? Number.POSITIVE_INFINITY)) found.push(...wrong('too large'));
  }
  if (Array.isArray(value)) {
    if (value.length < (schema.minItems ?? 0)) found.push(...wrong('too few'));
    if (value.length > (schema.maxItems ?? Number.POSITIVE_INFINITY)) found.push(...wrong('too many'));
    if (schema.items)
      found.push(...value.flatMap((item, i) => violations(item, schema.items!, document, `${at}[${i}]`)));
  } else if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value);
    if (members.length < (schema.minProperties ?? 0)) found.push(...wrong('too few members'));
    if (members.length > (schema.maxProperties ?? Number.POSITIVE_INFINITY)) found.push(...wrong('too many members'));
    for (const name of schema.required ?? [])
      if (!Object.hasOwn(value, name)) found.push(...wrong(`${name} is missing`));
    for (const [name, member] of members) {
      const described = schema.properties?.[name] ?? schema.additionalProperties ?? false;
      if (described === false) found.push(...wrong(`${name} is not described`));
      else if (described !== true) found.push(...violations(member, described, document, `${at}.${name}`));
    }
  }
  return found;
}

const KNOWN = new Set(
  (
    'type format contentEncoding enum const default pattern minLength maxLength minimum maximum items minItems maxItems ' +
    'properties required additionalProperties minProperties maxProperties description'
  ).split(' '),
);

function isType(value: unknown, type: string): boolean {
  if (type === 'integer') return Number.isInteger(value);
  if (type === 'array') return Array.isArray(value);
  if (type === 'object') return typeof value === 'object' && value !== null && !Array.isArray(value);
  return type === 'string' ? typeof value === 'string' : type === 'boolean' && typeof value === 'boolean';
}

/** The operation behind a path as it is asked for, and under which name; undefined when the document has none. */
export function operationOf(
  document: OpenApiDocument,
  method: string,
  path: string,
): { readonly template: string; readonly operation: Operation } | undefined {
  for (const [template, item] of Object.entries(document.paths ?? {})) {
    const literal = template.replace(/[.*+?^$()|[\]\\]/g, '\\$&');
    const pattern = new RegExp(`^${literal.replace(/\{[^}]+\}/g, '[^/]+')}$`);
    const operation = item[method.toLowerCase() as Verb];
    if (operation && pattern.test(path)) return { template, operation };
  }
  return undefined;
}

/** Which of the document's verb, path and status have been seen. */
export class Coverage {
  readonly #document: OpenApiDocument;
  readonly #missing: Set<string>;

  constructor(document: OpenApiDocument) {
    this.#document = document;
    this.#missing = new Set(
      Object.entries(document.paths ?? {}).flatMap(([template, item]) =>
        (['get', 'head', 'post'] as const).flatMap((verb) =>
          Object.keys(item[verb]?.responses ?? {}).map((status) => `${verb} ${template} ${status}`),
        ),
      ),
    );
  }

  /** Asserts that an answer is what the document says of it. */
  check(
    method: string,
    path: string,
    answer: {
      readonly status: number;
      readonly headers: Readonly<Record<string, string>>;
      readonly body?: string | Uint8Array;
    },
  ): void {
    const { template, operation } = operationOf(this.#document, method, path) ?? {};
    assert.ok(template && operation, `${method} ${path} is not in the document`);
    const response = operation.responses[answer.status];
    const where = `${method.toLowerCase()} ${template} ${answer.status}`;
    assert.ok(response, `${where} is not in the document`);
    this.#missing.delete(where);
    for (const name of Object.keys(response.headers ?? {})) {
      assert.ok(name in answer.headers || name === 'Retry-After', `${where}: the header ${name} is missing`);
    }
    const text = typeof answer.body === 'string' ? answer.body : Buffer.from(answer.body ?? []).toString();
    if (!response.content) {
      assert.equal(text, '', `${where}: a body that the document does not have`);
      return;
    }
    const [type = '', media] = Object.entries(response.content)[0] ?? [];
    assert.ok(answer.headers['Content-Type']?.startsWith(type), `${where}: ${answer.headers['Content-Type']}`);
    if (type !== 'text/event-stream')
      assert.deepEqual(violations(JSON.parse(text), media!.schema, this.#document), [], where);
  }

  /** Asserts that all has been seen but what is named here with a reason. */
  complete(excepted: Readonly<Record<string, string>> = {}): void {
    const missing = [...this.#missing].filter((where) => !(where in excepted));
    assert.deepEqual(missing, [], 'described and never answered');
    for (const where of Object.keys(excepted)) assert.ok(this.#missing.has(where), `${where} is answered after all`);
  }
}
