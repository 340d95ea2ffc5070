/** Alarms of quantum links, told to the log when they come and when they are over. */
import type { LinkAlarm } from '@skykey/kme';
import type { Logger } from 'pino';

export class AlarmLog {
  readonly #log: Logger;
  #known: ReadonlySet<string> = new Set();

  constructor(log: Logger) {
    this.#log = log;
  }

  follow(alarms: readonly LinkAlarm[]): void {
    const names = new Set(alarms.map(nameOf));
    for (const alarm of alarms) {
      const { link, foundBy, reason } = alarm;
      if (!this.#known.has(nameOf(alarm))) this.#log.error({ link, foundBy, reason }, 'alarm on a quantum link');
    }
    for (const name of this.#known) if (!names.has(name)) this.#log.info(`the alarm on ${name} is over`);
    this.#known = names;
  }
}

const nameOf = ({ link, foundBy }: LinkAlarm): string => `${link} (${foundBy})`;
