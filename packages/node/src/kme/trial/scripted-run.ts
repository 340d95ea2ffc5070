/**
 * A day of a key manager in two seconds, and the book of what it has promised: keys in both directions, keys that the other
 * site refuses, an alarm, a rotation, the end. What was promised before a fault must hold after it.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { type Answer, Caller, keysOf } from './caller.ts';
import type { KmeProcess } from './kme-process.ts';
import { Stage } from './stage.ts';

/** Keys in each direction. */
const KEYS = 10;
const AGAIN_MS = 100;
const PATIENCE_MS = 20_000;
/** Link of the third site, whose key manager is away: an alarm on it hits couriered key, and none of what is asked for. */
export const ALARMED_LINK = 'alpha-gamma';

/** More than one write takes, so that the couriered file is overwritten in several. */
const COURIER_BYTES = 80 * 1024;

export const buildStage = (folder: string, seed: string): Promise<Stage> =>
  Stage.build({
    ...{ folder, seed, courierBytes: COURIER_BYTES, doors: ['etsi014', 'peers', 'operations'] },
    saes: { a1: 'alpha', a2: 'alpha', b1: 'beta' },
    couriers: [
      ['alpha', 'beta'],
      ['alpha', 'gamma'],
    ],
    // What alpha lets share beta does not: such keys are cut, refused, and burned.
    pairs: [
      ['a1', 'b1'],
      ['a2', 'b1'],
    ],
  });

interface Promised {
  readonly master: 'a1' | 'b1';
  readonly key: string;
  /** Of the slave: not asked for; asked, and no answer came; given; refused. */
  fetched: 'no' | 'lost' | 'yes' | 'refused';
}

export class ScriptedRun {
  /** Whatever must not be, in sentences. */
  readonly violations: string[] = [];
  readonly keys = new Map<string, Promised>();
  /** What was asked and answered. */
  readonly answers = new Map<string, number>();
  isAlarmTold = false;
  isRotated = false;
  readonly #stage: Stage;
  readonly #callers: Readonly<Record<'a1' | 'a2' | 'b1', Caller>>;

  constructor(stage: Stage) {
    this.#stage = stage;
    this.#callers = {
      a1: new Caller(stage, 'a1'),
      a2: new Caller(stage, 'a2'),
      b1: new Caller(stage, 'b1'),
    };
  }

  close(): void {
    for (const caller of Object.values(this.#callers)) caller.close();
  }

  /**
   * Ends early when alpha does. `isMortal`: a process that does not answer is about to be killed, and is helped to it:
   * strace now and then leaves one behind that neither runs nor dies.
   */
  async play(alpha: KmeProcess, isMortal: boolean): Promise<void> {
    this.#isMortal = isMortal;
    for (let i = 0; i < KEYS && alpha.isRunning; i++) {
      const id = await this.#get('a1', alpha);
      if (id !== undefined && i % 2 === 0) await this.#fetch(id);
    }
    for (let i = 0; i < KEYS && alpha.isRunning; i++) {
      const id = await this.#get('b1', alpha, alpha.isRunning);
      if (id !== undefined && i % 2 === 0) await this.#fetch(id);
    }
    // Beta's policy does not know the pair: alpha has to burn what it had cut.
    this.#note('void', await this.#callers.a2.encKeys('b1'), alpha);
    const raised = await this.#operate(`/api/links/${ALARMED_LINK}/alarm`, { reason: 'a trial' });
    this.isAlarmTold = raised?.status === 200;
    this.#note('alarm', raised, alpha);
    const rotated = await this.#operate('/api/vault/rotate', {});
    this.isRotated = rotated?.status === 200;
    this.#note('rotate', rotated, alpha);
    for (let i = 0; i < 2 && alpha.isRunning; i++) {
      const id = await this.#get('a1', alpha);
      if (id !== undefined) await this.#fetch(id);
    }
  }

  /** After a start without faults: what was promised holds, nothing comes twice, and there is new key. */
  async verify(): Promise<void> {
    for (const master of ['a1', 'b1'] as const) {
      const fresh = await this.getSoon(master);
      if (fresh === undefined) this.violations.push(`${master} gets no key any more`);
    }
    for (const id of this.keys.keys()) await this.#fetch(id);
    for (const [id, { master, fetched }] of this.keys) {
      if (fetched === 'refused') this.violations.push(`the key ${id}, promised to ${master}, is lost`);
      const again = await this.#callers[slaveOf(master)].decKeys(master, [id]);
      if (again?.status !== 400) this.violations.push(`asked for ${id} a second time: ${shown(again)}`);
    }
    const bytes = [...this.keys.values()].map(({ key }) => key);
    if (new Set(bytes).size < bytes.length) this.violations.push('two keys have the same bytes');
    const couriered = Buffer.from(this.#stage.courierBytes('alpha', 'beta'));
    for (const key of bytes) {
      if (!couriered.includes(Buffer.from(key, 'base64'))) this.violations.push('a key is not of what was couriered');
    }
    if (this.isAlarmTold) {
      const { alarms } = JSON.parse((await this.#operate('/api/alarms'))?.text ?? '{"alarms":[]}') as {
        alarms: { link: string }[];
      };
      if (!alarms.some(({ link }) => link === ALARMED_LINK)) this.violations.push('the alarm is forgotten');
    }
  }

  /** The id of a new key, within the patience of a person. */
  async getSoon(master: 'a1' | 'b1'): Promise<string | undefined> {
    const untilMs = Date.now() + PATIENCE_MS;
    for (;;) {
      const answer = await this.#callers[master].encKeys(slaveOf(master));
      if (answer?.status === 200) return this.#promised(master, answer);
      if (Date.now() > untilMs) return undefined;
      await pause(AGAIN_MS);
    }
  }

  #isMortal = false;

  async #get(master: 'a1' | 'b1', alpha: KmeProcess, mayWait = false): Promise<string | undefined> {
    let answer = await this.#callers[master].encKeys(slaveOf(master));
    // Beta may not have heard yet that alpha is there.
    for (let tries = 0; mayWait && alpha.isRunning && answer?.status === 503 && tries < 15; tries++) {
      await pause(AGAIN_MS);
      answer = await this.#callers[master].encKeys(slaveOf(master));
    }
    this.#note(`enc ${master}`, answer, alpha);
    if (answer === null && this.#isMortal) await alpha.end('SIGKILL');
    return answer?.status === 200 ? this.#promised(master, answer) : undefined;
  }

  #promised(master: 'a1' | 'b1', answer: Answer): string {
    const [{ key_ID, key }] = keysOf(answer) as [{ key_ID: string; key: string }];
    if (this.keys.has(key_ID)) this.violations.push(`the key id ${key_ID} came twice`);
    this.keys.set(key_ID, { master, key, fetched: 'no' });
    return key_ID;
  }

  async #fetch(id: string): Promise<void> {
    const promised = this.keys.get(id)!;
    if (promised.fetched === 'yes') return;
    const answer = await this.#callers[slaveOf(promised.master)].decKeys(promised.master, [id]);
    if (answer?.status === 200) {
      promised.fetched = 'yes';
      if (keysOf(answer)[0]?.key !== promised.key) this.violations.push(`the ends of ${id} differ`);
    } else if (answer?.status === 400) {
      // Whoever loses an answer has lost the key.
      promised.fetched = promised.fetched === 'lost' ? 'yes' : 'refused';
    } else if (answer === null) {
      promised.fetched = 'lost';
    } else if (answer.status !== 503) {
      this.violations.push(`dec_keys: ${shown(answer)}`);
    }
  }

  /** While the process is there, whatever is asked has an answer, and one that the interface knows. */
  #note(what: string, answer: Answer | null, alpha: KmeProcess): void {
    this.answers.set(
      `${what} ${answer?.status ?? 'none'}`,
      (this.answers.get(`${what} ${answer?.status ?? 'none'}`) ?? 0) + 1,
    );
    if (answer === null) {
      if (alpha.isRunning) this.#pending.push(what);
      return;
    }
    const known = what === 'alarm' || what === 'rotate' ? [200, 409, 503] : [200, 400, 503];
    if (!known.includes(answer.status)) this.violations.push(`${what}: ${shown(answer)}`);
  }

  /** Requests that had no answer while the process had not ended yet: an end that was under way explains them. */
  readonly #pending: string[] = [];

  /** Called when alpha has come through the script alive. */
  noteAlive(): void {
    for (const what of this.#pending) this.violations.push(`${what}: no answer from a process that lived on`);
  }

  async #operate(path: string, body?: object): Promise<Answer | null> {
    try {
      const response = await fetch(`http://127.0.0.1:${this.#stage.port('alpha', 'operations')}${path}`, {
        ...(body && { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
      });
      return { status: response.status, text: await response.text() };
    } catch {
      return null;
    }
  }
}

const slaveOf = (master: 'a1' | 'b1'): 'a1' | 'b1' => (master === 'a1' ? 'b1' : 'a1');

/** Never the body of an answer that may hold key. */
const shown = (answer: Answer | null): string =>
  answer === null ? 'no answer' : answer.status === 200 ? '200' : `${answer.status} ${answer.text.slice(0, 200)}`;
