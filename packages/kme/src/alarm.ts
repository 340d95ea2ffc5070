import type { PoisonReport, Vault, VaultTransaction } from '@skykey/vault';
import { KmeError } from './error.ts';
import type { AlarmClass, AlarmMessage } from './peer/message.ts';

/** A quantum link under alarm. */
export interface LinkAlarm {
  readonly link: string;
  readonly reason: string;
  readonly sinceMs: number;
  /** Node that found it: it alone takes the link back into service. */
  readonly foundBy: string;
  /** What it was found to be, where somebody has told. */
  readonly class?: AlarmClass;
}

interface Record extends LinkAlarm {
  readonly state: 'dropped' | 'open';
  readonly version: number;
  /** When the link was last found disturbed. */
  readonly lastMs: number;
  /** When the others were last told so. */
  readonly toldMs: number;
}

/** A neighbour has passed on that a link is open again, which one alone is not believed. */
interface Hearsay {
  readonly version: number;
  readonly from: string;
}

const PREFIX = 'alarm/';
const nameOf = (link: string, foundBy: string): string => `${PREFIX}${link}/${foundBy}`;
const hearsayOf = (link: string, foundBy: string): string => `opening/${link}/${foundBy}`;

/** A clock of another node may be so far ahead; and how often an alarm that lasts is told. */
const MINUTE_MS = 60_000;
/** What the version of an alarm rises by at most where it does not go with the clock. */
const MAX_RISE = 1_000;
/** Nodes that must say that a link is open where the finder cannot say so himself. */
const WITNESSES = 2;

/**
 * The links under alarm, in the vault and in memory: memory comes first, so that no key leaves even when the disk refuses
 * to take the alarm down. A link may be under the alarms of several nodes; it is closed until each has taken back its own.
 */
export class Alarms {
  readonly #vault: Vault;
  readonly #self: string;
  readonly #now: () => number;
  /** Alarms of this process that the vault may not have yet. */
  readonly #fresh = new Map<string, LinkAlarm>();

  constructor(options: { readonly vault: Vault; readonly self: string; readonly now: () => number }) {
    this.#vault = options.vault;
    this.#self = options.self;
    this.#now = options.now;
  }

  async list(tx: VaultTransaction): Promise<LinkAlarm[]> {
    const kept = (await tx.recallAll(PREFIX)).map(({ value }) => value as Record);
    const dropped = kept.filter(({ state }) => state === 'dropped');
    const fresh = [...this.#fresh.values()].filter((alarm) => !dropped.some((known) => isSame(known, alarm)));
    return [
      ...dropped.map(({ link, reason, sinceMs, foundBy, class: found }) => ({
        ...{ link, reason, sinceMs, foundBy, ...(found && { class: found }) },
      })),
      ...fresh,
    ];
  }

  /** Alarms that this process raised and the vault refused to take down. */
  unsaved(): LinkAlarm[] {
    return [...this.#fresh.values()];
  }

  /** Whether this process knows of an alarm on one of the links without asking the vault. */
  freshOn(links: readonly string[]): LinkAlarm | undefined {
    for (const alarm of this.#fresh.values()) if (links.includes(alarm.link)) return alarm;
    return undefined;
  }

  /**
   * This node has found an alarm. Everything undelivered here that rests on the link is overwritten; the message is for
   * every other node. While an alarm lasts and there is nothing more to overwrite, they are told once a minute: a link that
   * is disturbed again and again must not use up the pads.
   */
  async raise(
    link: string,
    { reason, class: found }: Pick<LinkAlarm, 'reason' | 'class'>,
    tell: (tx: VaultTransaction, message: AlarmMessage) => Promise<void>,
  ): Promise<PoisonReport> {
    const atMs = this.#now();
    const key = nameOf(link, this.#self);
    this.#fresh.set(key, { link, reason, sinceMs: atMs, foundBy: this.#self, ...(found && { class: found }) });
    const report = await this.#vault.atomically(async (tx) => {
      const known = (await tx.recall(key)) as Record | undefined;
      const current = known?.state === 'dropped' ? known : undefined;
      const report = await tx.poison(link, reason);
      if (current && report.blocks === 0 && atMs - current.toldMs < MINUTE_MS) {
        await tx.remember(key, { ...current, lastMs: atMs });
        return report;
      }
      // The first reason, class and time stay while the alarm lasts.
      const first = current ?? { reason, sinceMs: atMs, class: found };
      const record: Record = {
        ...{ link, reason: first.reason, sinceMs: first.sinceMs, foundBy: this.#self },
        ...(first.class && { class: first.class }),
        ...{ state: 'dropped', version: after(known, atMs), lastMs: atMs, toldMs: atMs },
      };
      await tx.remember(key, record);
      await tell(tx, message(record));
      return report;
    });
    this.#fresh.delete(key);
    return report;
  }

  /** The operator of this node takes the link back into service. False when this node has no alarm on it. */
  async reopen(link: string, tell: (tx: VaultTransaction, message: AlarmMessage) => Promise<void>): Promise<boolean> {
    const key = nameOf(link, this.#self);
    return this.#vault.atomically(async (tx) => {
      const known = (await tx.recall(key)) as Record | undefined;
      if (known?.state !== 'dropped') return false;
      const record: Record = { ...known, state: 'open', version: after(known, this.#now()) };
      await tx.remember(key, record);
      await tell(tx, message(record));
      return true;
    });
  }

  /**
   * Another node tells, `from` its frame. Undefined when it is older than what is known, or not to be believed yet; else
   * what was overwritten. All that is here was made before: it goes, whatever the clocks of those who labelled it said.
   * That a link is open again is believed of the finder only, in its own frame; where the finder cannot speak to this node
   * (`speakers`: those that can), of two that can, or of the only one. Throws KmeError `kme/argument` for a version or a time that no
   * honest clock brings about: nothing could be newer than that.
   */
  async hear(
    tx: VaultTransaction,
    heard: AlarmMessage,
    from: string,
    speakers: ReadonlySet<string>,
  ): Promise<PoisonReport | undefined> {
    const { link, foundBy, version, state, reason, atMs, class: found } = heard;
    const key = nameOf(link, foundBy);
    const known = (await tx.recall(key)) as Record | undefined;
    if (foundBy === this.#self || (known && known.version >= version)) return undefined;
    const latestMs = this.#now() + MINUTE_MS;
    if (version > Math.max((known?.version ?? 0) + MAX_RISE, latestMs) || !(atMs <= latestMs)) {
      throw new KmeError('kme/argument', `the alarm of ${foundBy} on ${link} comes from a time that is not yet`);
    }
    if (state === 'open' && from !== foundBy && !(await this.#isWitnessed(tx, heard, from, speakers))) return undefined;
    await tx.forget(hearsayOf(link, foundBy));
    const sinceMs = known?.state === 'dropped' ? known.sinceMs : atMs;
    const record: Record = { link, reason, sinceMs, foundBy, state, version, lastMs: atMs, toldMs: atMs };
    await tx.remember(key, { ...record, ...(found && { class: found }) });
    const report = state === 'dropped' ? await tx.poison(link, reason) : { bits: 0, keys: 0, blocks: 0 };
    // What the finder's clock has dated before the alarm and has not come yet is refused when it does.
    const late = await tx.poison(link, reason, atMs);
    return { bits: report.bits + late.bits, keys: report.keys + late.keys, blocks: report.blocks + late.blocks };
  }

  async #isWitnessed(
    tx: VaultTransaction,
    { link, foundBy, version }: AlarmMessage,
    from: string,
    speakers: ReadonlySet<string>,
  ): Promise<boolean> {
    if (speakers.has(foundBy)) return false;
    if (speakers.size < WITNESSES) return true;
    const name = hearsayOf(link, foundBy);
    const told = (await tx.recall(name)) as Hearsay | undefined;
    if (told?.version === version) return told.from !== from;
    await tx.remember(name, { version, from });
    return false;
  }
}

/** Versions follow the clock as well: a node that had to begin with an empty vault is heard again. */
const after = (known: Record | undefined, nowMs: number): number =>
  Math.max((known?.version ?? 0) + 1, Math.floor(Math.max(0, nowMs)));

const isSame = (a: LinkAlarm, b: LinkAlarm): boolean => a.link === b.link && a.foundBy === b.foundBy;

const message = ({ link, foundBy, version, state, reason, lastMs, class: found }: Record): AlarmMessage => ({
  ...{ kind: 'alarm', link, foundBy, version, state, reason, atMs: lastMs },
  ...(found && state === 'dropped' && { class: found }),
});
