import type { PoisonReport, Vault } from '@skykey/vault';

export interface LinkAlarm {
  readonly link: string;
  readonly reason: string;
  readonly sinceMs: number;
  /** Whether this site found it, or the peer told. Who found it decides when the link is taken back into service. */
  readonly foundBy: 'this site' | 'peer';
}

const PREFIX = 'alarm/';

/**
 * The links under alarm at this site, in the vault and in memory: memory comes first, so that no key leaves even when
 * the disk refuses to take the alarm down.
 */
export class Alarms {
  readonly #vault: Vault;
  readonly #now: () => number;
  readonly #links: Map<string, LinkAlarm>;

  constructor(vault: Vault, now: () => number) {
    this.#vault = vault;
    this.#now = now;
    const kept = vault.recallAll(PREFIX).map(({ value }) => value as LinkAlarm);
    this.#links = new Map(kept.map((alarm) => [alarm.link, alarm]));
  }

  list(): readonly LinkAlarm[] {
    return [...this.#links.values()];
  }

  find(link: string): LinkAlarm | undefined {
    return this.#links.get(link);
  }

  /**
   * Closes the link and overwrites everything undelivered that rests on it; for an alarm that the peer found, what it
   * made until then. An alarm found here stays found here.
   */
  raise(link: string, reason: string, peerFoundAtMs?: number): PoisonReport {
    const known = this.#links.get(link);
    const foundBy = peerFoundAtMs === undefined ? 'this site' : 'peer';
    const sinceMs = peerFoundAtMs ?? this.#now();
    const alarm: LinkAlarm = known?.foundBy === 'this site' ? known : { link, reason, sinceMs, foundBy };
    this.#links.set(link, alarm);
    return this.#vault.atomically(() => {
      this.#vault.remember(PREFIX + link, alarm);
      return this.#vault.poison(link, reason, peerFoundAtMs);
    });
  }

  /**
   * Takes the alarm down from the vault. What was poisoned stays poisoned; what the link makes from now on is welcome.
   * The link stays closed until `open` is called, which is for the caller once the vault has it durably.
   */
  clear(link: string): void {
    this.#vault.forget(PREFIX + link);
  }

  open(link: string): void {
    this.#links.delete(link);
  }
}
