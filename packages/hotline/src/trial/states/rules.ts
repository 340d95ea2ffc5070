import { createHash, createHmac } from 'node:crypto';
import { label } from '../../secret/hkdf.ts';
import { CONVERSATION, DESK_ID, type Facts, knownName, knowSecret, PSK, qkdBytes, SIDES } from './desk.ts';
import { type Derivation, tape } from './tape.ts';

/** What must be so in every place of a search. */

/** What an attacker has read out of desks, by name. */
export interface Learnt {
  readonly name: string;
  readonly secrets: ReadonlySet<string>;
  /** Epochs that were in use, or under way, where he read: he has them. */
  readonly had: ReadonlySet<string>;
}

export const NOTHING: Learnt = { name: '', secrets: new Set(), had: new Set() };

/** How many links of a chain are known by their bytes: more than a search of a dozen letters comes to, but for control. */
const LINKS: Readonly<Record<string, number>> = { control: 10, text: 3, file: 1 };

export function watchTape(quarrel: (why: string) => void): void {
  knowSecret(Buffer.from(PSK).toString('hex'), 'psk');
  for (const side of SIDES) {
    for (let i = 1; i <= 64; i++) {
      const keyId = `0000000${side}-0000-4000-8000-${i.toString(16).padStart(12, '0')}`;
      knowSecret(Buffer.from(qkdBytes(keyId)).toString('hex'), `qkd ${keyId}`);
    }
  }
  tape.onQuarrel = quarrel;
  tape.onEpoch = (derivation) => {
    nameSecrets(derivation);
    const why = predictable(derivation);
    if (why) quarrel(why);
  };
}

function nameSecrets({ id, secrets, kemSeed, scalars, kem, ecdh }: Derivation): void {
  for (const [name, bytes] of Object.entries(secrets)) {
    if (!name.startsWith('chain')) {
      knowSecret(bytes, `${id} ${name}`);
      continue;
    }
    let chain = Buffer.from(bytes, 'hex');
    for (let link = 1; link <= LINKS[name.split(' ')[1]!]!; link++) {
      knowSecret(chain.toString('hex'), `${id} ${name}@${link}`);
      const material = createHmac('sha512', chain).update(Uint8Array.of(1)).digest();
      knowSecret(material.toString('hex', 0, 32), `${id} ${name.replace('chain', 'key')}@${link}`);
      chain = createHmac('sha512', chain).update(Uint8Array.of(2)).digest().subarray(0, 32);
    }
  }
  if (kemSeed) knowSecret(kemSeed.slice(0, 64), `seed ${kemSeed.slice(0, 16)}`);
  for (const scalar of scalars) if (scalar) knowSecret(scalar, `scalar ${scalar.slice(0, 16)}`);
  if (kem) knowSecret(kem, `kem ${id}`);
  if (ecdh) knowSecret(ecdh, `ecdh ${id}`);
}

/** After each thing that happens to a desk; `before` is null for a start. */
export function ruleOfDesk(before: Facts | null, after: Facts): string | undefined {
  const { roots, epoch, view } = after;
  if (roots.length > 2) return 'more roots are kept than the newest and the one before';
  if (roots.some(({ number }, i) => i > 0 && number >= roots[i - 1]!.number))
    return 'a root is kept before a newer one';
  const kept = keptTooLong(after);
  if (kept) return kept;
  const { level, standing, may } = view;
  if (standing.length > 0 && level !== 'black') return 'an alarm stands and the line is not black';
  const content = [may.text, may.sealedText, may.file, may.sealedFile, may.call, may.sealedSpeech];
  if (level === 'black' && content.some(({ allowed }) => allowed)) return 'something may leave at black';
  if (new Set(after.shown).size < after.shown.length) return 'a text was shown twice';
  if (after.shown.some((text, i) => i > 0 && text < after.shown[i - 1]!)) return 'texts were shown out of order';
  if (!before) return undefined;
  if (before.epoch && epoch && epoch.id !== before.epoch.id && epoch.number <= before.epoch.number) {
    return 'a desk went back to keys that are older than those in use';
  }
  if (view.keysMadeAfterMs < before.view.keysMadeAfterMs) return 'keys from before an alarm came back';
  const opened = before.view.standing.length > 0 && standing.length === 0;
  if (opened && !(view.qkdMadeAtMs !== null && view.qkdMadeAtMs > before.view.keysMadeAfterMs)) {
    return 'the line was opened without quantum key made after the alarm';
  }
  return undefined;
}

/** Forward secrecy by the bytes: what is over is neither in memory nor in the store. */
function keptTooLong({ holds, gone, epoch, before, answered, offers, roots }: Facts): string | undefined {
  const waits = answered.filter((id) => (tape.derived.get(id)?.number ?? 0) > (epoch?.number ?? 0));
  const live = [epoch?.id, before, ...waits];
  const past = new Set(gone);
  for (const name of holds) {
    const [first, second] = name.split(' ') as [string, string];
    if (past.has(name)) return 'a key of a record that is sealed or opened is still there';
    if (first === 'qkd' || first === 'seed' || first === 'scalar') {
      if (!offers) return `a ${first} is still there after its agreement`;
    } else if (first === 'kem' || first === 'ecdh') return 'a secret of a key exchange is still there after it';
    else if (first === 'psk' || live.includes(first)) continue;
    else if (second === 'root') {
      const root = tape.derived.get(first)!.secrets.root;
      if (!offers && !roots.some((known) => known.root === root)) return 'a root that is over is still there';
    } else return 'keys of an epoch that is over are still there';
  }
  return undefined;
}

const LEAKS = ['root', 'kem', 'ecdh', 'psk', 'qkd'] as const;

/** The shipped combiner again, with all that an attacker knows and his guess for the rest: must give nothing that is right. */
function predictable({ again, secrets, qkd }: Derivation): string | undefined {
  const guess = new Uint8Array(32).fill(0x5a);
  const hidden = LEAKS.filter((input) => input !== 'qkd' || qkd !== null);
  // All but one, and all; every other pattern is in `leaks.ts`.
  for (const unknown of [...hidden.map((input) => [input]), []]) {
    const made = again(Object.fromEntries(unknown.map((input) => [input, guess])));
    const same = Object.keys(secrets).filter((name) => secrets[name] === made[name]);
    if (unknown.length > 0 && same.length > 0) {
      return `an attacker who does not know ${unknown.join(', ')} comes to keys of the next epoch`;
    }
    if (unknown.length === 0 && same.length !== Object.keys(secrets).length) return 'the same inputs give other keys';
  }
  return undefined;
}

/** An attacker reads all that a desk holds. */
export function learn(before: Learnt, { holds, epoch, before: old, answered }: Facts): Learnt {
  const secrets = new Set([...before.secrets, ...holds, 'psk']);
  const had = new Set([...before.had, ...[epoch?.id, old, ...answered].filter((id) => typeof id === 'string')]);
  const name = createHash('sha1')
    .update([...secrets].sort().join())
    .update([...had].sort().join())
    .digest('base64');
  return { name, secrets, had };
}

const ROOT_OF_PSK = new Set<string>();

/**
 * Whether he comes to this epoch by deriving it: he has every input of it, or can make it. An epoch that he read, or whose
 * offer was under way where he read, is his by right of having been there.
 */
export function derivable(id: string, learnt: Learnt, asked: readonly string[] = []): boolean {
  if (learnt.secrets.size === 0 || learnt.had.has(id) || asked.includes(id)) return false;
  return canDerive(id, learnt, asked) && !underWay(id, learnt);
}

/** The private half of its offer was in the memory that he read. */
function underWay(id: string, { secrets }: Learnt): boolean {
  const { kemSeed } = tape.derived.get(id) ?? {};
  return kemSeed !== undefined && secrets.has(`seed ${kemSeed.slice(0, 16)}`);
}

export function canDerive(id: string, learnt: Learnt, asked: readonly string[] = []): boolean {
  const { secrets, had } = learnt;
  if (had.has(id)) return true;
  const derived = tape.derived.get(id);
  if (!derived || asked.includes(id)) return false;
  const { kem, ecdh, psk, qkd, kemSeed, scalars, root } = derived;
  const knowsKem = kem === null || secrets.has(`kem ${id}`) || secrets.has(`seed ${(kemSeed ?? '').slice(0, 16)}`);
  const knowsEcdh =
    ecdh === null ||
    secrets.has(`ecdh ${id}`) ||
    scalars.some((scalar) => scalar && secrets.has(`scalar ${scalar.slice(0, 16)}`));
  const knowsPsk = psk === null || secrets.has('psk');
  const knowsQkd = qkd === null || qkd.every((key) => secrets.has(knownName(key) ?? ''));
  if (!knowsKem || !knowsEcdh || !knowsPsk || !knowsQkd) return false;
  const rootName = knownName(root);
  if (rootName && secrets.has(rootName)) return true;
  if (ROOT_OF_PSK.size === 0) for (const one of rootsOfPsk()) ROOT_OF_PSK.add(one);
  if (ROOT_OF_PSK.has(root)) return secrets.has('psk');
  const [mother] = [...tape.derived.values()].filter(({ secrets: made }) => made.root === root);
  return mother !== undefined && canDerive(mother.id, learnt, [...asked, id]);
}

function rootsOfPsk(): readonly string[] {
  const prk = createHmac('sha512', label('couriered secret')).update(PSK).digest();
  return SIDES.flatMap((side) => {
    const other = SIDES.find((one) => one !== side)!;
    const name = (text: string) => [text.length, ...Buffer.from(text)];
    const names = [CONVERSATION, DESK_ID[side], DESK_ID[other]].flatMap(name);
    const info = Uint8Array.of(...label('root of the couriered secret'), ...names, 1);
    return createHmac('sha512', prk).update(info).digest().toString('hex', 0, 32);
  });
}
