import type { DeskPerson, DeskRole } from '@skykey/telemetry';
import type { Changes, KeptState } from '../store/desk-store.ts';
import type { Passkey } from './passkey.ts';

/** What a person signs in with. */
export type PersonKey = {
  readonly id: string;
  readonly personId: string;
  readonly addedUtcMs: number;
  readonly usedUtcMs: number | null;
} & ({ readonly kind: 'passkey'; readonly passkey: Passkey } | { readonly kind: 'device'; readonly publicKey: string });

/** A link that makes somebody a person of this desk, or gives a person another key; by the hash of its token. */
export interface Invitation {
  readonly hash: string;
  readonly personId: string;
  readonly name: string;
  /** Nobody at the desk gave the name: whoever comes says it. One that an operator gave stays. */
  readonly unnamed?: true;
  readonly roles: readonly DeskRole[];
  readonly madeUtcMs: number;
  readonly expiresUtcMs: number;
  /** Kept for a while after its use, so that whoever uses it again hears of it. */
  readonly usedUtcMs: number | null;
}

/** By the hash of its token. */
export interface Session {
  readonly hash: string;
  readonly personId: string;
  readonly keyId: string;
  readonly origin: string;
  readonly madeUtcMs: number;
  readonly seenUtcMs: number;
}

interface Kinds {
  readonly person: DeskPerson;
  readonly key: PersonKey;
  readonly invitation: Invitation;
  readonly session: Session;
}

const PREFIX = 'sign-in/';

/** What changes together: an object is put in the place of that with its id, null takes it away. */
export type RegisterChanges = { readonly [K in keyof Kinds]?: readonly (readonly [id: string, to: Kinds[K] | null])[] };

/**
 * Persons, their keys, invitations and sessions: in memory, as they are kept. A change counts at once, so that nobody slips in
 * while the disk is slow, and is undone when the disk refuses it.
 */
export class Register {
  readonly persons = new Map<string, DeskPerson>();
  readonly keys = new Map<string, PersonKey>();
  readonly invitations = new Map<string, Invitation>();
  readonly sessions = new Map<string, Session>();
  readonly #state: Pick<KeptState, 'all' | 'commit'>;
  readonly #maps: { readonly [K in keyof Kinds]: Map<string, Kinds[K]> };

  constructor(state: Pick<KeptState, 'all' | 'commit'>) {
    this.#state = state;
    this.#maps = { person: this.persons, key: this.keys, invitation: this.invitations, session: this.sessions };
    for (const [kind, map] of this.#all()) {
      for (const [name, bytes] of state.all(`${PREFIX}${kind}/`)) {
        map.set(name.slice(PREFIX.length + kind.length + 1), JSON.parse(Buffer.from(bytes).toString()));
      }
    }
  }

  keysOf(personId: string): PersonKey[] {
    return [...this.keys.values()].filter((key) => key.personId === personId);
  }

  /** Durable when it resolves. */
  async change(changes: RegisterChanges): Promise<void> {
    const undo: (() => void)[] = [];
    const puts: [string, Uint8Array][] = [];
    const deletes: string[] = [];
    for (const [kind, map] of this.#all()) {
      for (const [id, to] of (changes[kind] ?? []) as readonly (readonly [string, unknown])[]) {
        const before = map.get(id);
        undo.unshift(() => {
          // What somebody else has changed since is theirs.
          if (map.get(id) !== (to ?? undefined)) return;
          if (before === undefined) map.delete(id);
          else map.set(id, before);
        });
        if (to === null) {
          map.delete(id);
          deletes.push(`${PREFIX}${kind}/${id}`);
        } else {
          map.set(id, to);
          puts.push([`${PREFIX}${kind}/${id}`, Buffer.from(JSON.stringify(to))]);
        }
      }
    }
    try {
      await this.#state.commit({ puts, deletes } satisfies Changes);
    } catch (error) {
      for (const step of undo) step();
      throw error;
    }
  }

  #all(): [keyof Kinds, Map<string, unknown>][] {
    return Object.entries(this.#maps) as [keyof Kinds, Map<string, unknown>][];
  }
}
