import type { PoisonReport, Vault, VaultTransaction } from '@skykey/vault';
import type { AlarmMessage } from './peer/message.ts';

/** A quantum link under alarm. */
export interface LinkAlarm {
  readonly link: string;
  readonly reason: string;
  readonly sinceMs: number;
  /** Node that found it: it alone takes the link back into service. */
  readonly foundBy: string;
}

interface Record extends LinkAlarm {
  readonly state: 'dropped' | 'open';
  readonly version: number;
}

const PREFIX = 'alarm/';
const nameOf = (link: string, foundBy: string): string => `${PREFIX}${link}/${foundBy}`;

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
    return [...dropped.map(({ link, reason, sinceMs, foundBy }) => ({ link, reason, sinceMs, foundBy })), ...fresh];
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
   * every other node.
   */
  async raise(
    link: string,
    reason: string,
    tell: (tx: VaultTransaction, message: AlarmMessage) => Promise<void>,
  ): Promise<PoisonReport> {
    const atMs = this.#now();
    const key = nameOf(link, this.#self);
    this.#fresh.set(key, { link, reason, sinceMs: atMs, foundBy: this.#self });
    const report = await this.#vault.atomically(async (tx) => {
      const known = (await tx.recall(key)) as Record | undefined;
      // The first reason and time stay while the alarm lasts; what came since is overwritten all the same.
      const first = known?.state === 'dropped' ? known : { reason, sinceMs: atMs };
      const record: Record = {
        ...{ link, reason: first.reason, sinceMs: first.sinceMs, foundBy: this.#self },
        ...{ state: 'dropped', version: after(known, atMs) },
      };
      await tx.remember(key, record);
      await tell(tx, message(record, atMs));
      return tx.poison(link, reason);
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
      await tell(tx, message(record, this.#now()));
      return true;
    });
  }

  /**
   * Another node tells, by whichever way it came. Undefined when it is older than what is known; else what was
   * overwritten.
   */
  async hear(tx: VaultTransaction, heard: AlarmMessage): Promise<PoisonReport | undefined> {
    const { link, foundBy, version, state, reason, atMs } = heard;
    const key = nameOf(link, foundBy);
    const known = (await tx.recall(key)) as Record | undefined;
    if (foundBy === this.#self || (known && known.version >= version)) return undefined;
    const record: Record = { link, reason, sinceMs: atMs, foundBy, state, version };
    await tx.remember(key, record);
    return state === 'dropped' ? tx.poison(link, reason, atMs) : { bits: 0, keys: 0, blocks: 0 };
  }
}

/** Versions follow the clock as well: a node that had to begin with an empty vault is heard again. */
const after = (known: Record | undefined, nowMs: number): number =>
  Math.max((known?.version ?? 0) + 1, Math.floor(Math.max(0, nowMs)));

const isSame = (a: LinkAlarm, b: LinkAlarm): boolean => a.link === b.link && a.foundBy === b.foundBy;

function message({ link, foundBy, version, state, reason }: Record, atMs: number): AlarmMessage {
  return { kind: 'alarm', link, foundBy, version, state, reason, atMs };
}
