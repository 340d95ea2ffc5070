import type { z } from 'zod';
import { ScenarioError } from './error.ts';
import { type ScenarioDocument, scenarioDocument } from './schema.ts';

/**
 * Reads a scenario file and checks it field by field, then how the fields fit together. Throws ScenarioError
 * `scenario/json`, `scenario/field`, `scenario/probabilities`, `scenario/intensities`, `scenario/site`,
 * `scenario/station` or `scenario/clock`: one sentence with the file and the field.
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
  const result = scenarioDocument.safeParse(json, { error: rule });
  if (!result.success) {
    const { issues } = result.error;
    const more = issues.length - 1;
    const rest = more ? ` (and ${more} more ${more === 1 ? 'fault' : 'faults'})` : '';
    throw new ScenarioError('scenario/field', `${where}: ${sentence(issues[0]!, json)}${rest}`);
  }
  const document = result.data;
  checkSource(document, where);
  checkPlaces(document, where);
  const { startUtc, endUtc } = document.clock;
  if (!(Date.parse(startUtc) < Date.parse(endUtc))) {
    throw new ScenarioError(
      'scenario/clock',
      `${where}: clock.endUtc is ${endUtc}; it must be later than clock.startUtc, ${startUtc}`,
    );
  }
  return document;
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

function checkSource({ satellite: { source } }: ScenarioDocument, where: string): void {
  const sum = source.probabilities.value.reduce((total, probability) => total + probability, 0);
  if (Math.abs(sum - 1) > 1e-9) {
    throw new ScenarioError(
      'scenario/probabilities',
      `${where}: satellite.source.probabilities sum to ${Number(sum.toPrecision(12))}; they must sum to 1`,
    );
  }
  const [signal, decoy, weakest] = source.meanPhotons.value;
  if (!(signal > decoy + weakest && decoy > weakest)) {
    throw new ScenarioError(
      'scenario/intensities',
      `${where}: satellite.source.meanPhotons are ${signal}, ${decoy}, ${weakest}; they must be signal, decoy, weakest ` +
        'with signal > decoy + weakest and decoy > weakest (Lim et al. 2014)',
    );
  }
}

/** Stations and sites belong together in pairs; everything that has an id of its own runs as a process of that name. */
function checkPlaces({ satellite, stations, sites }: ScenarioDocument, where: string): void {
  const refuse = (code: string, problem: string): never => {
    throw new ScenarioError(code, `${where}: ${problem}`);
  };
  for (const [code, list, entries] of [
    ['scenario/station', 'stations', stations],
    ['scenario/site', 'sites', sites],
  ] as const) {
    const twice = entries.find(({ id }, i) => entries.findIndex((other) => other.id === id) < i);
    if (twice) refuse(code, `${list}.${twice.id} is there twice; every id must be there once`);
  }
  for (const { id, stationId } of sites) {
    if (id === satellite.id) refuse('scenario/site', `sites.${id} has the id of the satellite; it must have its own`);
    const station = stations.find((entry) => entry.id === stationId);
    if (!station) {
      const known = stations.map((entry) => entry.id).join(', ');
      refuse('scenario/site', `sites.${id}.stationId is "${stationId}"; it must be a station: ${known}`);
    } else if (station.siteId !== id) {
      refuse(
        'scenario/site',
        `sites.${id}.stationId is "${stationId}", but stations.${stationId}.siteId is "${station.siteId}"; they must name each other`,
      );
    }
  }
  for (const { id, siteId } of stations) {
    if (!sites.some((site) => site.id === siteId)) {
      const known = sites.map((site) => site.id).join(', ');
      refuse('scenario/station', `stations.${id}.siteId is "${siteId}"; it must be a site: ${known}`);
    }
    if (!sites.some((site) => site.stationId === id)) {
      refuse(
        'scenario/station',
        `stations.${id}.siteId is "${siteId}", but that site has another station; they must name each other`,
      );
    }
  }
}
