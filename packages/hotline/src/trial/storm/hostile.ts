import { type DeskId, other, type World } from '../world.ts';
import { flipped, spliced } from './mutation.ts';
import { type Played, type StormPart, seedOf } from './outcome.ts';
import { playScript } from './script.ts';

/** Messages between two that are treated in one conversation: in others come the ones between. */
const APART = 25;
const DELAY_MS = 3000;

interface Passing {
  readonly world: World;
  readonly from: DeskId;
  readonly bytes: Uint8Array;
  /** That passed before this one. */
  readonly former: Uint8Array;
  /** Held back until the next one of this desk has passed. */
  readonly hold: (bytes: Uint8Array) => void;
}

type Treatment = (passing: Passing) => readonly Uint8Array[];

const altered =
  (offset: (length: number) => number): Treatment =>
  ({ bytes }) => [flipped(bytes, offset(bytes.length), 0)];

/** What comes off the line instead of a message. */
const TREATMENTS: Readonly<Record<string, Treatment>> = {
  dropped: () => [],
  doubled: ({ bytes }) => [bytes, bytes],
  delayed: ({ world, from, bytes }) => {
    world.inject(other(from), bytes, DELAY_MS);
    return [];
  },
  reordered: ({ bytes, hold }) => {
    hold(bytes);
    return [];
  },
  reflected: ({ world, from, bytes }) => {
    world.inject(from, bytes);
    return [];
  },
  'spliced with the one before': ({ bytes, former }) => [spliced(bytes, former)],
  'altered in its version': altered(() => 4),
  'altered in its kind': altered(() => 5),
  'altered in its lane': altered(() => 6),
  'altered in its direction': altered(() => 7),
  'altered in its epoch': altered(() => 8),
  'altered in its counter': altered(() => 31),
  'altered in its commitment': altered(() => 32),
  'altered in its ciphertext': altered((length) => Math.min(length - 17, Math.max(48, length >> 1))),
  'altered in its tag': altered((length) => length - 1),
  'cut by a byte': ({ bytes }) => [bytes.slice(0, -1)],
  'cut to its header': ({ bytes }) => [bytes.slice(0, 48)],
  'longer by a byte': ({ bytes }) => [Uint8Array.of(...bytes, 0)],
};
/** These change nothing of a message. */
const WHOLE = ['dropped', 'doubled', 'delayed', 'reordered', 'reflected'];

/**
 * Each message of one conversation, by its place in it, treated in each way: a conversation for each treatment and each
 * place modulo `APART`, so often with other seeds.
 */
export function everyMessage(seed: number, rounds: number, most = Number.POSITIVE_INFINITY): StormPart {
  const names = Object.keys(TREATMENTS);
  const all = rounds * names.length * APART;
  const worlds = Math.min(all, most);
  const play = (world: number): Promise<Played> => {
    const point = Math.floor((world * all) / worlds);
    const name = names[Math.floor(point / APART) % names.length]!;
    return playTreated(seedOf('messages', seed, Math.floor(point / APART / names.length)), name, point % APART, world);
  };
  return { name: 'messages', worlds, play };
}

async function playTreated(seed: number, name: string, offset: number, number: number): Promise<Played> {
  const treatment = TREATMENTS[name]!;
  let index = 0;
  let treated = 0;
  const { people, findings } = await playScript(seed, ({ world }) => {
    let former = new Uint8Array(64);
    const held = new Map<DeskId, Uint8Array>();
    world.middle = (bytes, from) => {
      const passing: Passing = { world, from, bytes, former, hold: (late) => held.set(from, late) };
      former = new Uint8Array(bytes);
      const late = held.get(from);
      held.delete(from);
      const isTreated = index++ % APART === offset;
      if (isTreated) treated++;
      return [...(isTreated ? treatment(passing) : [bytes]), ...(late ? [late] : [])];
    };
  });
  return {
    world: number,
    findings: findings.map((finding) => `messages ${offset}, ${offset + APART} …, ${name}: ${finding}`),
    counts: {
      messages: index,
      treated,
      [`${name}`]: treated,
      mutated: WHOLE.includes(name) ? 0 : treated,
      textsShown: people.textsShown,
    },
  };
}
