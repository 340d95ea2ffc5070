/** One of the two desks of a trial: its folder, its process in life after life, its two persons and what they are shown. */
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { DeskCall, DeskMessage, DeskState } from '@skykey/telemetry';
import { NodeError } from '../../../error.ts';
import { DeskClient } from '../../desk-client.ts';
import { type Device, makeDevice } from '../../sign-in/index.ts';
import type { DeskProcessConfiguration } from './desk-process.ts';
import type { Ledger, Side } from './ledger.ts';
import { type Ending, ProcessUnderTrial, type Tracing } from './process-under-trial.ts';

/** A person waits so long for what has to come. */
export const PATIENCE_MS = 20_000;
const AGAIN_MS = 50;
/** An operator acts on what people are told after so long. */
const REFUSING_MS = 3000;
/** Any request has its answer by then. */
const ANSWER_LIMIT_MS = 30_000;

/** How a life ended. The operator ends one that has said, again and again, that it cannot go on before it is started again. */
export type End = 'killed' | 'stopped with a sentence' | 'ended by its operator' | 'ended cleanly' | 'fell';
/** So often it has to say that. */
const SAID_OFTEN = 3;
const CANNOT_GO_ON = /start the desk again/;

export interface TrialDeskOptions {
  readonly side: Side;
  /** Of this desk alone. */
  readonly folder: string;
  readonly port: number;
  readonly linePort: number;
  /** Folder for what Node has compiled. */
  readonly compiled: string;
  readonly common: Pick<DeskProcessConfiguration, 'conversationId' | 'pages'> & {
    readonly secret: string;
    readonly policy: string;
  };
  readonly keysUrl: string;
  readonly lineUrl: string;
  readonly ledger: Ledger;
}

/** No answer came: what was asked was done, or not. */
export const UNANSWERED = Symbol('unanswered');
/** A clear refusal. */
export class Refused {
  readonly sentence: string;
  constructor(sentence: string) {
    this.sentence = sentence;
  }
}
export type Asked<T> = T | Refused | typeof UNANSWERED;
export const isAnswer = <T>(asked: Asked<T>): asked is T => asked !== UNANSWERED && !(asked instanceof Refused);

export class TrialDesk {
  readonly side: Side;
  readonly ends: End[] = [];
  /** Hears how a life ended that a fault was for; the desk is down then. */
  onTracedEnd: ((end: End) => void) | null = null;
  /** What waits here may wait for the other desk: it is looked after, too. */
  whileWaiting: (() => Promise<void>) | null = null;
  /** It is to be killed: strace now and then leaves a process behind that neither runs nor dies. */
  isMortal = false;
  /** Its page said that its store was restored from a copy. */
  saidRestored = false;
  /** Clock against that of this machine. */
  aheadMs = 0;
  /** It answered that an alarm stands, and too few persons had said "open it" by then. */
  mustBeBlack = false;
  readonly #options: TrialDeskOptions;
  readonly #devices: readonly Device[] = [makeDevice(), makeDevice()];
  readonly #enrolled = [false, false];
  readonly #tried = [false, false];
  #invited = 0;
  /** Persons of this life are signed in. */
  #entered = false;
  #isEndedByOperator = false;
  /** What was refused last. */
  #refusal = 'it does not answer';
  #process: ProcessUnderTrial | null = null;
  #clients: DeskClient[] = [];
  #following = new AbortController();

  constructor(options: TrialDeskOptions) {
    this.#options = options;
    this.side = options.side;
    mkdirSync(this.#path('desk'), { recursive: true, mode: 0o700 });
  }

  get isRunning(): boolean {
    return this.#process?.isRunning ?? false;
  }

  /** The life that a fault is for has not ended yet. */
  get isTraced(): boolean {
    return this.isRunning && this.#process!.isTraced;
  }

  /** Starts it, with faults if there are any. Resolves when it serves its page, or has ended before. */
  async start(tracings: readonly Tracing[] = []): Promise<void> {
    const { side, port, linePort, common, keysUrl, lineUrl } = this.#options;
    const { conversationId, pages, secret, policy } = common;
    const other = side === 'a' ? 'b' : 'a';
    const configuration: DeskProcessConfiguration = {
      ...{ siteId: side, ownId: `desk-${side}`, peerId: `desk-${other}`, ownName: `Site ${side}` },
      ...{ peerName: `Site ${other}`, conversationId, pages, linePort, aheadMs: this.aheadMs },
      keysUrl: `${keysUrl}/desk-${side}`,
      lineUrl,
      desk: {
        ...{ port, folder: this.#path('desk'), witness: this.#path('witness'), enrolment: this.#path('links.json') },
        ...{ secret, policy, iceServers: [] },
      },
    };
    writeFileSync(this.#path('desk.json'), JSON.stringify(configuration), { mode: 0o600 });
    this.#process = new ProcessUnderTrial(this.#path('desk.json'), this.#options.compiled, tracings);
    this.#clients = this.#devices.map((device) => new DeskClient(`http://localhost:${port}`, device));
    if (!(await this.#process.ready)) this.#noteEnd(await this.#process.end());
  }

  /** Tells it to stop. A life that a fault has ended before is over already. */
  async stop(name: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    this.#following.abort();
    if (!this.#process) return;
    this.#noteEnd(await this.#process.end(name));
  }

  /** It runs and its first person is signed in; started again without faults where it has ended. */
  async ensure(): Promise<void> {
    const untilMs = Date.now() + PATIENCE_MS;
    for (let refused = 0; ; refused++) {
      const toldOften = this.#process?.journal.filter((line) => /cannot go on/.test(line) && CANNOT_GO_ON.test(line));
      const isRefusing = refused * AGAIN_MS > REFUSING_MS && CANNOT_GO_ON.test(this.#refusal);
      if (this.isRunning && (isRefusing || toldOften!.length >= SAID_OFTEN)) {
        refused = 0;
        this.#isEndedByOperator = true;
        await this.stop();
      }
      if (!this.isRunning) {
        if (this.#process) this.#noteEnd(await this.#process.end());
        await this.start();
      }
      if (this.isRunning && (await this.#enter())) return;
      if (Date.now() > untilMs) throw new Error(`nobody can sign in at ${this.side}: ${this.#refusal}`);
      await pause(AGAIN_MS);
    }
  }

  /** What a person asks for; the desk is brought up first where it is down. */
  async ask<T>(what: (client: DeskClient) => Promise<T>, person = 0): Promise<Asked<T>> {
    await this.ensure();
    const asked = await this.#attempt(() => what(this.#clients[person]!));
    if (asked instanceof Refused && CANNOT_GO_ON.test(asked.sentence) && this.isRunning) {
      // The person has the operator do what it says.
      this.#isEndedByOperator = true;
      await this.stop();
    }
    return asked;
  }

  /** The same, until there is an answer that satisfies. Null when patience is over. */
  async askUntil<T>(
    what: (client: DeskClient) => Promise<T>,
    isRight: (answer: T) => boolean,
    { patienceMs = PATIENCE_MS, person = 0 } = {},
  ): Promise<T | null> {
    const untilMs = Date.now() + patienceMs;
    for (;;) {
      const answer = await this.ask(what, person);
      await this.whileWaiting?.();
      if (isAnswer(answer) && isRight(answer)) return answer;
      if (Date.now() > untilMs) return null;
      await pause(AGAIN_MS);
    }
  }

  async state(): Promise<DeskState> {
    const state = await this.askUntil(
      (client) => client.state(),
      () => true,
    );
    if (!state) throw new Error(`${this.side} tells nobody how it stands: ${this.#refusal}`);
    return state;
  }

  /** Moves its clock; also that of the lives to come. */
  setClock(aheadMs: number): void {
    this.aheadMs = aheadMs;
    this.#process?.tell(`ahead ${aheadMs}`);
  }

  /** A copy of all it keeps, the witness left out, as it lies there at one moment. */
  copyStore(): void {
    this.#process?.signal('SIGSTOP');
    cpSync(this.#path('desk'), this.#path('copy'), { recursive: true });
    this.#process?.signal('SIGCONT');
  }

  get hasCopy(): boolean {
    return existsSync(this.#path('copy'));
  }

  /** While it is down: the copy takes the place of what it kept. */
  putBackCopy(): void {
    rmSync(this.#path('desk'), { recursive: true });
    cpSync(this.#path('copy'), this.#path('desk'), { recursive: true });
    this.mustBeBlack = false;
    this.#options.ledger.restored(this.side);
  }

  #path(name: string): string {
    return join(this.#options.folder, name);
  }

  #noteEnd({ code, signal }: Ending): void {
    const { ledger, side } = this.#options;
    const { stderr, isTraced, isHung } = this.#process!;
    this.#process = null;
    this.#entered = false;
    this.#following.abort();
    const cleanly = this.#isEndedByOperator ? 'ended by its operator' : 'ended cleanly';
    this.#isEndedByOperator = false;
    this.#refusal = 'it does not answer';
    const end = endOf(code, signal, stderr, cleanly);
    if (isHung && !(this.isMortal && isTraced)) ledger.wrong(`${side} does not end when it is told to`);
    if (end === 'fell') ledger.wrong(`${side} ended with ${code ?? signal}: ${stderr.slice(-500)}`);
    this.ends.push(end);
    if (isTraced) this.onTracedEnd?.(end);
  }

  async #attempt<T>(what: () => Promise<T>): Promise<Asked<T>> {
    const late = new AbortController();
    try {
      return await Promise.race([what(), this.#tooLate(late.signal)]);
    } catch (error) {
      if (!(error instanceof NodeError) || error.code !== 'desk/refused') return UNANSWERED;
      this.#refusal = error.message;
      if (/failed inside the process|answers with status/.test(error.message))
        this.#options.ledger.wrong(`${this.side} refuses without a sentence: ${error.message}`);
      return new Refused(error.message);
    } finally {
      late.abort();
    }
  }

  async #tooLate(signal: AbortSignal): Promise<typeof UNANSWERED> {
    await pause(ANSWER_LIMIT_MS, undefined, { signal });
    if (this.isMortal && this.isTraced) this.#process?.signal('SIGKILL');
    else this.#options.ledger.wrong(`${this.side} gives no answer within ${ANSWER_LIMIT_MS / 1000} s`);
    return UNANSWERED;
  }

  /** Both persons are enrolled and signed in, and the pages' events are listened to. */
  async #enter(): Promise<boolean> {
    if (!this.#entered) {
      for (const [i, client] of this.#clients.entries()) {
        const entered = this.#enrolled[i]
          ? await this.#attempt(() => client.signIn())
          : await this.#attempt(() => this.#enrol(i, client));
        if (!isAnswer(entered)) return false;
        this.#enrolled[i] = true;
      }
      const state = await this.#attempt(() => this.#clients[0]!.state());
      if (!isAnswer(state)) return false;
      this.#stands(state);
      this.#follow();
      this.#entered = true;
    }
    return true;
  }

  /** The answer to an enrolment may have been lost; then the device is enrolled already. */
  async #enrol(i: number, client: DeskClient): Promise<unknown> {
    if (this.#tried[i] && isAnswer(await this.#attempt(() => client.signIn()))) return true;
    this.#tried[i] = true;
    const links = existsSync(this.#path('links.json'))
      ? (JSON.parse(readFileSync(this.#path('links.json'), 'utf8')) as { link: string }[])
      : [];
    if (i === 0 || this.ends.length === 0) return client.enrol(links[i]!.link);
    // The links of the first start go with the first enrolment: whoever came in asks for another.
    this.#invited++;
    const name = `Person ${this.#invited} of ${this.side}`;
    const roles = ['speaker', 'operator', 'approver'];
    const { link } = (await this.#clients[0]!.post('/api/persons/invite', { name, roles })) as { link: string };
    return client.enrol(link);
  }

  #stands({ line, messages }: DeskState): void {
    const { ledger, side } = this.#options;
    if (line.banners.some((banner) => /^The store of .* was restored from a copy/.test(banner)))
      this.saidRestored = true;
    ledger.standing(side, messages);
    if (this.mustBeBlack && line.level !== 'black')
      ledger.wrong(`${side} was black and is ${line.level} after a start: ${line.reason}`);
  }

  #follow(): void {
    this.#following = new AbortController();
    const { ledger, side } = this.#options;
    this.#clients[0]!.follow((event, data) => {
      if (event === 'message') ledger.message(side, data as DeskMessage);
      if (event === 'desk') for (const message of (data as DeskState).messages) ledger.message(side, message);
    }, this.#following.signal).catch(() => undefined);
  }
}

function endOf(code: number | null, signal: NodeJS.Signals | null, stderr: string, cleanly: End): End {
  if (signal === 'SIGKILL' || code === 137) return 'killed';
  if (code === 143) return cleanly;
  return code === 2 && /^skykey: \S.*$/m.test(stderr) ? 'stopped with a sentence' : 'fell';
}

export const isLive = (call: DeskCall | null): call is DeskCall => call !== null && call.state !== 'ended';
