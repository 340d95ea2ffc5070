import type { z } from 'zod';
import { checkDocument } from './check.ts';
import { ScenarioError } from './error.ts';
import { DECOY_PROOFS, type ScenarioDocument, scenarioDocument } from './schema.ts';

/**
 * Reads a scenario file and checks it field by field, then how the fields fit together (`checkDocument`). Throws
 * ScenarioError `scenario/json`, `scenario/format`, `scenario/field` or as `checkDocument` does: one sentence with the
 * file and the field.
 */
export function readDocument(text: string, where: string): ScenarioDocument {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    // The parser quotes the place, line breaks and all.
    const reason = (error as Error).message.replace(/\s+/g, ' ');
    throw new ScenarioError('scenario/json', `${where} is not JSON: ${reason}`);
  }
  const { format, protocol } = (json ?? {}) as { format?: unknown; protocol?: { bound?: unknown } | null };
  if (format === 'skykey-scenario/1') {
    throw new ScenarioError(
      'scenario/format',
      `${where}: format is "skykey-scenario/1", which is read no longer; write it again as "skykey-scenario/2" after the ` +
        'example of micius-2016-12-19: lists of satellites (orbit, transmitter) and stations (air, sky), sites and clock under live',
    );
  }
  if (protocol?.bound !== undefined) {
    throw new ScenarioError(
      'scenario/field',
      `${where}: protocol.bound is read no longer; write protocol.proof in its place, one of ${DECOY_PROOFS.join(', ')} ` +
        '(bound named one of the last two, the first is the default), and protocol.method, one of auto, cascade, ldpc',
    );
  }
  const result = scenarioDocument.safeParse(json, { error: rule });
  if (!result.success) {
    const { issues } = result.error;
    const more = issues.length - 1;
    const rest = more ? ` (and ${more} more ${more === 1 ? 'fault' : 'faults'})` : '';
    throw new ScenarioError('scenario/field', `${where}: ${sentence(issues[0]!, json)}${rest}`);
  }
  checkDocument(result.data, where);
  return result.data;
}

const KINDS: Record<string, string> = { string: 'a text', number: 'a number', array: 'a list', object: 'an object' };

/** What would be right where the schema does not say so itself. */
const rule: z.core.$ZodErrorMap = (issue) => {
  if (issue.code === 'invalid_type') return KINDS[issue.expected] ?? issue.expected;
  if (issue.code === 'invalid_value') return oneOf(issue.values);
  if (issue.code === 'invalid_union') return oneOf(issue.options as readonly string[]);
  return undefined;
};

function oneOf(values: readonly unknown[]): string {
  return values.map((value) => JSON.stringify(value)).join(' or ');
}

function sentence(issue: z.core.$ZodIssue, json: unknown): string {
  const { field, value } = find(issue.path, json);
  if (issue.code === 'unrecognized_keys') {
    const members = issue.keys.map((key) => `"${key}"`).join(', ');
    return `${field} has ${issue.keys.length === 1 ? 'a member' : 'members'} ${members} of which the format knows nothing`;
  }
  const found = value === undefined ? 'is missing' : `is ${shown(value)}`;
  return `${field} ${found}; it must be ${issue.message}`;
}

/** The value at a path, and the path as people write it: stations by their ids, parameters without `.value`. */
function find(path: readonly PropertyKey[], json: unknown): { field: string; value: unknown } {
  let field = '';
  let value = json;
  for (const [depth, key] of path.entries()) {
    const next = (value as Record<PropertyKey, unknown> | undefined)?.[key];
    if (typeof key === 'number') {
      const id = (next as { id?: unknown } | null)?.id;
      const named = typeof id === 'string' && path[depth + 1] !== 'id';
      field += named ? `.${id}` : `[${key}]`;
    } else if (key !== 'value' || next === undefined) field += `${field && '.'}${String(key)}`;
    value = next;
  }
  return { field: field || 'the document', value };
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === 'object' && value !== null) return 'an object';
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}…"` : text;
}
