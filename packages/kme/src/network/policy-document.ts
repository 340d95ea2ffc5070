/**
 * A policy as people write it, `skykey-policy/1`: JSON with groups of applications and rules for pairs. It is in force as a
 * whole or not at all: what is unknown, missing or contradicts itself is refused with field, line and remedy.
 *
 *     {
 *       "format": "skykey-policy/1",
 *       "groups": { "banks": ["bank-bern", "bank-wien"] },
 *       "rules": [
 *         {
 *           "between": [{ "group": "banks" }, "clearing-house"],
 *           "minPaths": 2, "maxRelays": 3, "distinct": "owner",
 *           "jurisdictions": { "allow": ["AT", "CH", "ORBIT"] },
 *           "maxAgeMs": 86400000, "epsSec": 1e-8, "epsCor": 1e-14, "proofs": ["tilted"],
 *           "quota": { "bitsPerS": 10000, "burstBits": 262144, "keysWaiting": 256 }
 *         }
 *       ]
 *     }
 */
import { KmeError } from '../error.ts';
import { type Json, type JsonObject, readJson } from '../json.ts';
import { type PairRules, Policy, type PolicyPair, PROOFS_JOINT, pairName, type QuotaRules } from './policy.ts';
import { type FieldPath, fieldName, lineAt, lineOf } from './policy-lines.ts';
import { isJurisdiction } from './topology.ts';

export const POLICY_FORMAT = 'skykey-policy/1';

/** What a rule may leave out, and what then holds. `epsSec`, `epsCor`, `proofs` and `maxRelays` it must say. */
const DEFAULTS = {
  minPaths: 1,
  routeType: 'any',
  distinct: 'group',
  simulated: false,
  keyBits: { min: 64, max: 4096 },
} as const;

const MOST_PATHS = 8;
const MOST_RELAYS = 64;
/** A policy by groups grows with the square of their size; beyond this it is a mistake. */
const MOST_PAIRS = 100_000;
const SAE_ID = /^[A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=%]{1,64}$/;

/** Throws KmeError `kme/policy` with the field, its line and what would be right. */
export function readPolicy(bytes: Uint8Array): Policy {
  const text = new TextDecoder().decode(bytes);
  const root = new Field(documentOf(bytes, text), [], text);
  const format = root.need('format');
  if (format.value !== POLICY_FORMAT) format.refuse(`is ${format.shown()}; this version reads "${POLICY_FORMAT}"`);
  root.knows(['format', 'groups', 'rules']);
  const groups = groupsOf(root.get('groups'));
  const owner = new Map<string, string>();
  const found: [PolicyPair, PairRules][] = [];
  for (const rule of root.need('rules').items()) {
    const rules = ruleOf(rule);
    for (const pair of pairsOf(rule.need('between'), groups)) {
      const name = pairName(pair);
      const other = owner.get(name);
      if (other !== undefined) {
        rule
          .need('between')
          .refuse(`gives ${pair[0]} and ${pair[1]} a rule, and ${other} does so, too; a pair has one rule`);
      }
      owner.set(name, rules.rule);
      found.push([pair, rules]);
      if (found.length > MOST_PAIRS)
        rule.refuse(`brings the policy to more than ${MOST_PAIRS} pairs; use smaller groups`);
    }
  }
  return new Policy(found);
}

function documentOf(bytes: Uint8Array, text: string): Json {
  try {
    return readJson(bytes);
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    const [, what, at] = /: (.*) \(at character (\d+)\)$/.exec(cause.message) ?? [];
    const where = at === undefined ? cause.message : `${what} (line ${lineAt(text, Number(at))})`;
    throw new KmeError('kme/policy', `the policy is not JSON: ${where}`, { cause });
  }
}

function groupsOf(field: Field | undefined): Map<string, readonly string[]> {
  return new Map(field?.members().map(([name, members]): [string, readonly string[]] => [name, saes(members)]));
}

function saes(field: Field): readonly string[] {
  return field.strings('SAE IDs', SAE_ID.test.bind(SAE_ID), '1 to 64 characters of RFC 3986');
}

function pairsOf(field: Field, groups: ReadonlyMap<string, readonly string[]>): PolicyPair[] {
  const ends = field.items();
  if (ends.length !== 2)
    field.refuse(`has ${ends.length} entries; it must have two, each an SAE ID or {"group": name}`);
  const [some, others] = ends.map((end) => sideOf(end, groups)) as [readonly string[], readonly string[]];
  const pairs = new Map<string, PolicyPair>();
  for (const a of some) {
    for (const b of others) {
      if (a !== b) pairs.set(pairName([a, b]), [a, b]);
    }
  }
  if (pairs.size === 0) field.refuse('joins an application with itself and no other; name two different ones');
  return [...pairs.values()];
}

function sideOf(end: Field, groups: ReadonlyMap<string, readonly string[]>): readonly string[] {
  if (typeof end.value === 'string') {
    if (!SAE_ID.test(end.value)) end.refuse(`is ${end.shown()}; an SAE ID has 1 to 64 characters of RFC 3986`);
    return [end.value];
  }
  end.knows(['group']);
  const group = end.need('group');
  const members = typeof group.value === 'string' ? groups.get(group.value) : undefined;
  return members ?? group.refuse(`is ${group.shown()}, which is no group of this policy; define it in "groups"`);
}

function ruleOf(rule: Field): PairRules {
  rule.knows([
    'between',
    'minPaths',
    'maxRelays',
    'routeType',
    'distinct',
    'jurisdictions',
    'denyNodes',
    'maxAgeMs',
    'epsSec',
    'epsCor',
    'proofs',
    'simulated',
    'keyBits',
    'quota',
  ]);
  const routeType = rule.get('routeType')?.word(['direct', 'relayed', 'any']) ?? DEFAULTS.routeType;
  const minPaths = rule.get('minPaths')?.whole(1, MOST_PATHS) ?? DEFAULTS.minPaths;
  const relays = routeType === 'direct' ? rule.get('maxRelays') : rule.need('maxRelays');
  const maxRelays = relays?.whole(0, MOST_RELAYS) ?? 0;
  if (routeType === 'direct' && maxRelays > 0)
    relays!.refuse(`is ${maxRelays} with routeType "direct"; make it 0, or allow "any" route`);
  if (routeType === 'relayed' && maxRelays === 0) relays!.refuse('is 0 with routeType "relayed"; make it 1 or more');
  if (minPaths > 1 && maxRelays === 0) {
    const how = routeType === 'direct' ? 'routeType "direct"' : 'maxRelays 0';
    rule
      .need('minPaths')
      .refuse(`is ${minPaths} with ${how}: a direct key has no node to share it among; make it 1, or allow relays`);
  }
  const quota = quotaOf(rule.get('quota'));
  const keyBits = keyBitsOf(rule.get('keyBits'));
  checkQuota(rule, quota, keyBits.min);
  return {
    rule: fieldName(rule.path),
    minPaths,
    maxRelays,
    routeType,
    distinct: rule.get('distinct')?.word(['group', 'owner']) ?? DEFAULTS.distinct,
    ...placesOf(rule.get('jurisdictions')),
    denyNodes: rule.get('denyNodes')?.strings('nodes', Boolean, 'a name') ?? [],
    maxAgeMs: rule.get('maxAgeMs')?.whole(1, Number.MAX_SAFE_INTEGER) ?? null,
    epsSec: rule.need('epsSec').share(),
    epsCor: rule.need('epsCor').share(),
    proofs: rule.need('proofs').strings('proofs', isProof, 'the name of one proof'),
    simulated: rule.get('simulated')?.flag() ?? DEFAULTS.simulated,
    keyBits,
    quota,
  };
}

/** Key of several pieces names them all, joined: each is allowed for itself. */
const isProof = (name: string): boolean => name !== '' && !name.includes(PROOFS_JOINT);

function placesOf(field: Field | undefined): Pick<PairRules, 'allowJurisdictions' | 'denyJurisdictions'> {
  field?.knows(['allow', 'deny']);
  const read = (side: 'allow' | 'deny') =>
    field?.get(side)?.strings('jurisdictions', isJurisdiction, 'two capital letters of ISO 3166-1, or ORBIT');
  const [allow, deny] = [read('allow') ?? null, read('deny') ?? []];
  deny.forEach((place, i) => {
    if (allow?.includes(place))
      field!.get('deny')!.at(i).refuse(`is ${place}, which is allowed as well; leave it in one of the two`);
  });
  return { allowJurisdictions: allow, denyJurisdictions: deny };
}

function keyBitsOf(field: Field | undefined): PairRules['keyBits'] {
  if (!field) return DEFAULTS.keyBits;
  field.knows(['min', 'max']);
  const [min, max] = (['min', 'max'] as const).map((name) => {
    const bits = field.need(name).whole(8, 1 << 20);
    if (bits % 8 !== 0) field.need(name).refuse(`is ${bits}; key sizes are multiples of 8 bits`);
    return bits;
  }) as [number, number];
  if (min > max) field.need('min').refuse(`is ${min} and max is ${max}; it must not be more`);
  return { min, max };
}

function quotaOf(field: Field | undefined): QuotaRules {
  field?.knows(['bitsPerS', 'burstBits', 'bitsPerDay', 'keysWaiting']);
  const read = (name: string): number | null => field?.get(name)?.whole(1, Number.MAX_SAFE_INTEGER) ?? null;
  const [bitsPerS, burstBits] = [read('bitsPerS'), read('burstBits')];
  if ((bitsPerS === null) !== (burstBits === null)) {
    field!.refuse('has one of bitsPerS and burstBits; a rate needs both, so give both or neither');
  }
  const rate = bitsPerS === null ? null : { bitsPerS, burstBits: burstBits! };
  return { rate, bitsPerDay: read('bitsPerDay'), keysWaiting: read('keysWaiting') };
}

function checkQuota(rule: Field, { rate, bitsPerDay }: QuotaRules, smallest: number): void {
  for (const [name, bits] of [
    ['burstBits', rate?.burstBits],
    ['bitsPerDay', bitsPerDay],
  ] as const) {
    if (typeof bits === 'number' && bits < smallest) {
      rule
        .need('quota')
        .need(name)
        .refuse(
          `is ${bits} and the smallest key has ${smallest} bits: no key would ever leave; make it ${smallest} or more`,
        );
    }
  }
}

/** A value with its place in the document. */
class Field {
  readonly value: Json;
  readonly path: FieldPath;
  readonly #text: string;

  constructor(value: Json, path: FieldPath, text: string) {
    this.value = value;
    this.path = path;
    this.#text = text;
  }

  refuse(what: string): never {
    const name = fieldName(this.path) || 'the policy';
    throw new KmeError('kme/policy', `${name} (line ${lineOf(this.#text, this.path)}) ${what}`);
  }

  shown(): string {
    const text = JSON.stringify(this.value);
    return text.length > 80 ? `${text.slice(0, 80)}…` : text;
  }

  #object(): JsonObject {
    const { value } = this;
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      this.refuse(`is ${this.shown()}; it must be an object`);
    return value;
  }

  #in(step: string | number, value: Json): Field {
    return new Field(value, [...this.path, step], this.#text);
  }

  get(name: string): Field | undefined {
    const object = this.#object();
    return Object.hasOwn(object, name) ? this.#in(name, object[name]!) : undefined;
  }

  need(name: string): Field {
    return this.get(name) ?? this.refuse(`has no "${name}"; it must say so itself`);
  }

  at(index: number): Field {
    return this.items()[index]!;
  }

  members(): [string, Field][] {
    return Object.entries(this.#object()).map(([name, value]) => [name, this.#in(name, value)]);
  }

  /** An ignored member would be a rule that nobody keeps. */
  knows(names: readonly string[]): void {
    for (const [name, field] of this.members()) {
      if (!names.includes(name)) field.refuse(`is not known here; known are ${names.join(', ')}`);
    }
  }

  items(): Field[] {
    const { value } = this;
    if (!Array.isArray(value)) this.refuse(`is ${this.shown()}; it must be a list`);
    return value.map((item, i) => this.#in(i, item));
  }

  /** One or more different ones. */
  strings(what: string, allowed: (text: string) => boolean, right: string): readonly string[] {
    const items = this.items();
    if (items.length === 0)
      this.refuse(`is an empty list of ${what}: nothing would be left; name one, or leave the field out`);
    const texts = items.map((item) => {
      const { value } = item;
      return typeof value === 'string' && allowed(value)
        ? value
        : item.refuse(`is ${item.shown()}; it must be ${right}`);
    });
    texts.forEach((text, i) => {
      if (texts.indexOf(text) < i) items[i]!.refuse(`is ${text} for the second time; name it once`);
    });
    return texts;
  }

  word<Word extends string>(words: readonly Word[]): Word {
    return (
      words.find((word) => word === this.value) ??
      this.refuse(`is ${this.shown()}; it must be one of ${words.join(', ')}`)
    );
  }

  whole(low: number, high: number): number {
    const { value } = this;
    const fits = typeof value === 'number' && Number.isSafeInteger(value) && value >= low && value <= high;
    return fits ? value : this.refuse(`is ${this.shown()}; it must be a whole number from ${low} to ${high}`);
  }

  /** Above 0, below 1: no key has less than nothing of a chance to be known. */
  share(): number {
    const { value } = this;
    const fits = typeof value === 'number' && value > 0 && value < 1;
    return fits ? value : this.refuse(`is ${this.shown()}; it must be a number above 0 and below 1`);
  }

  flag(): boolean {
    return typeof this.value === 'boolean' ? this.value : this.refuse(`is ${this.shown()}; it must be true or false`);
  }
}
