import { type Exchange, type Kme, KmeError } from '@skykey/kme';
import { type Keyring, Vault, VaultError, type VaultTransaction } from '@skykey/vault';
import type { Clockwork } from './clockwork.ts';
import type { Disk } from './disk.ts';

/** Where a process may die: each is an await of its own. */
export type Point =
  | 'before a transaction'
  | 'before commit'
  | 'after commit'
  | 'before a message leaves'
  | 'as a message arrives'
  | 'before an answer leaves'
  | 'as an answer arrives'
  | 'while a keyring changes';

/** What runs in a process: a site's key manager, or a relay's part in the network alone. */
export interface Serving {
  readonly exchange: Exchange;
  readonly kme?: Kme;
}

export interface MachineOptions {
  readonly name: string;
  /** Site or satellite that it serves, alone or with others. */
  readonly node: string;
  readonly disk: Disk;
  readonly clockwork: Clockwork;
  readonly now: () => number;
  readonly random: (bytes: number) => Uint8Array;
  readonly leaseMs: number;
  readonly serve: (life: Life) => Serving;
  /** Whether the process dies here. */
  readonly dies: (point: Point) => boolean;
  /** How long until it starts again, milliseconds. */
  readonly downMs: () => number;
  /** Something that must not happen: an error that is none of ours, a vault that does not open again. */
  readonly onFault: (text: string) => void;
  /** A planted fault: it alters what the process does. */
  readonly plant?: (life: Life) => void;
}

/** What is awaited by a dead process is never heard of again. */
export const never = <T>(): Promise<T> => new Promise(() => undefined);

class Dead extends Error {}

/** One life of a process, from start to death. */
export class Life {
  readonly machine: Machine;
  vault!: Vault;
  serving!: Serving;
  isAlive = true;
  isServing = false;
  /** It lives and does not get to its heartbeat. */
  isStalled = false;
  /** A transaction that no fault reaches: for the hand that puts key into lanes. */
  undisturbed!: Vault['atomically'];
  /** Rejects when it dies: what it still waits for then keeps nobody waiting. */
  readonly death: Promise<never>;
  readonly #mourners = new Set<() => void>();

  constructor(machine: Machine) {
    this.machine = machine;
    this.death = new Promise((_, reject) => this.onDeath(() => reject(new Dead())));
    this.death.catch(() => undefined);
  }

  /** Real work of this process: virtual time stands still until it is done, or the process dies. */
  with<T>(work: Promise<T>): Promise<T> {
    return this.machine.options.clockwork.hold(Promise.race([work, this.death]));
  }

  /** What is to be done when it dies; what is returned takes that back. */
  onDeath(done: () => void): () => void {
    this.#mourners.add(done);
    return () => void this.#mourners.delete(done);
  }

  die(): void {
    this.isAlive = false;
    this.isServing = false;
    for (const done of this.#mourners) done();
    this.#mourners.clear();
  }
}

/** A process that dies, and is started again on what it left on its disk. */
export class Machine {
  readonly options: MachineOptions;
  life: Life | undefined;
  #isStopped = false;

  constructor(options: MachineOptions) {
    this.options = options;
  }

  get node(): string {
    return this.options.node;
  }

  /** The life that answers now. */
  get serving(): Life | undefined {
    return this.life?.isServing ? this.life : undefined;
  }

  async start(): Promise<void> {
    const { disk, clockwork, now, random, name, leaseMs, serve, onFault, plant } = this.options;
    if (this.#isStopped || this.life?.isAlive) return;
    const life = new Life(this);
    this.life = life;
    try {
      const { place: store } = disk;
      const keyring = this.#guarded(life, disk.keyring);
      const opened = Vault.open({ store, keyring, now, random, processId: name, leaseMs });
      // Whoever dies while it opens leaves a vault that nobody closes.
      void opened.then((vault) => (life.isAlive ? undefined : vault.close())).catch(() => undefined);
      life.vault = await life.with(opened);
    } catch (error) {
      if (!life.isAlive) return;
      life.die();
      // A file that was left by a death opens again, always; a database may be out of reach.
      if (disk.place.kind === 'sqlite') return onFault(`${name} does not start again: ${sentence(error)}`);
      clockwork.after(500, () => void this.start());
      return;
    }
    this.#disturb(life);
    life.serving = serve(life);
    plant?.(life);
    life.isServing = true;
  }

  /** Dies here if it is to. Whether it lives on. */
  passes(life: Life, point: Point): boolean {
    if (life.isAlive && this.options.dies(point)) this.kill(life);
    return life.isAlive;
  }

  kill(life: Life): void {
    const { disk, clockwork, downMs } = this.options;
    if (!life.isAlive) return;
    const sweep = disk.cut();
    life.die();
    clockwork.after(downMs(), () => void this.start());
    // Its remains: an open file, connections. They hold nothing that anybody reads.
    const { vault } = life;
    const closed = vault?.close().catch(() => undefined) ?? Promise.resolve();
    void (disk.place.kind === 'sqlite' ? clockwork.hold(closed) : closed).then(sweep);
  }

  /** What a process does twice a second. */
  async tick(round: number): Promise<void> {
    const life = this.serving;
    if (!life || life.isStalled) return;
    const { onFault, name } = this.options;
    const { vault, serving } = life;
    const isShared = this.options.disk.place.kind === 'postgres';
    try {
      await life.with(vault.heartbeat());
      if (isShared) await vault.atomically((tx) => tx.keys.voidAbandoned());
      await (serving.kme ?? serving.exchange).flush();
      if (round % 10 === 9) await life.with(vault.scrub());
      if (round % 40 === 39) await life.with(vault.rotate());
    } catch (error) {
      if (life.isAlive && !isOurs(error)) onFault(`${name}: ${sentence(error)}`);
    }
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    const { life } = this;
    if (!life?.isAlive || !life.vault) return;
    life.die();
    await this.options.clockwork.hold(life.vault.close());
  }

  #guarded(life: Life, keyring: Keyring): Keyring {
    const passes = (): void => {
      if (!this.passes(life, 'while a keyring changes')) throw new Dead();
    };
    return {
      current: () => keyring.current(),
      find: (epoch) => keyring.find(epoch),
      next: async () => {
        passes();
        const epoch = await keyring.next();
        passes();
        return epoch;
      },
      destroyBefore: async (epoch) => {
        passes();
        await keyring.destroyBefore(epoch);
      },
    };
  }

  #disturb(life: Life): void {
    const { vault } = life;
    life.undisturbed = vault.atomically.bind(vault);
    vault.atomically = async <T>(work: (tx: VaultTransaction) => Promise<T>, scope?: string): Promise<T> => {
      if (!this.passes(life, 'before a transaction')) return never();
      const watched = async (tx: VaultTransaction): Promise<T> => {
        if (!life.isAlive) throw new Dead();
        const result = await work(tx);
        if (!this.passes(life, 'before commit')) throw new Dead();
        return result;
      };
      try {
        const result = await life.with(life.undisturbed(watched, scope));
        return this.passes(life, 'after commit') ? result : await never<T>();
      } catch (error) {
        if (!life.isAlive) return never();
        throw error;
      }
    };
  }
}

/** Errors that are sentences with a code; any other is a fault. */
export function isOurs(error: unknown): boolean {
  return error instanceof VaultError || error instanceof KmeError || (error as Error)?.name === 'KeyRefusal';
}

export const sentence = (error: unknown): string =>
  error instanceof Error ? `${(error as { code?: string }).code ?? error.name}: ${error.message}` : String(error);
