import type { DeskId } from '../world.ts';
import type { Conversation } from './conversation.ts';
import type { Played, StormPart } from './outcome.ts';
import { playScript } from './script.ts';

const MOMENTS = ['before', 'after'] as const;
/** What becomes of the desk before it is started again. */
const FATES = ['as it was', 'put back from a copy', 'clock set back'] as const;
/** More than a clock may be wrong without anybody knowing. */
const SET_BACK_MS = 30_000;

/**
 * Killed at every durable write of one conversation, of either desk, its shelf of files and its key manager: right before
 * the write and right after it; started again as it was, from a copy half as old, or with a clock set back.
 */
export async function everyWrite(seed: number, most = Number.POSITIVE_INFINITY): Promise<StormPart> {
  const writers: DeskId[] = [];
  await playScript(seed, ({ world }) => {
    world.cut = (id) => {
      writers.push(id);
      return null;
    };
  });
  const all = writers.length * MOMENTS.length * FATES.length;
  // Fewer than all are spread over all.
  const worlds = Math.min(all, most);
  return { name: 'writes', worlds, play: (world) => playCut(seed, writers, Math.floor((world * all) / worlds), world) };
}

async function playCut(seed: number, writers: readonly DeskId[], point: number, world: number): Promise<Played> {
  const fate = FATES[point % FATES.length]!;
  const moment = MOMENTS[Math.floor(point / FATES.length) % MOMENTS.length]!;
  const at = Math.floor(point / FATES.length / MOMENTS.length);
  const id = writers[at]!;
  let crashes = 0;
  const { people, findings } = await playScript(seed, (all) => {
    crashAt(all, { id, at, moment, fate, onCrash: () => crashes++ });
  });
  if (crashes !== 1)
    throw new Error(`write ${at} of the conversation came ${crashes} times: it is not the same each time`);
  const place = `write ${at} (${id}), ${moment} it, ${fate}`;
  return {
    world,
    findings: findings.map((finding) => `${place}: ${finding}`),
    counts: { crashes, [fate]: 1, ...people.once.counts },
  };
}

interface Cut {
  readonly id: DeskId;
  readonly at: number;
  readonly moment: (typeof MOMENTS)[number];
  readonly fate: (typeof FATES)[number];
  readonly onCrash: () => void;
}

function crashAt(people: Conversation, { id, at, moment, fate, onCrash }: Cut): void {
  const { world } = people;
  let writes = 0;
  let copy = world.snapshot(id);
  world.cut = () => {
    const write = writes++;
    if (write === Math.floor(at / 2)) copy = world.snapshot(id);
    if (write !== at) return null;
    onCrash();
    return moment;
  };
  people.onRestart = (restarting) => {
    if (restarting !== id || writes <= at) return;
    people.onRestart = null;
    if (fate === 'clock set back') world.setBack(SET_BACK_MS);
    if (fate !== 'put back from a copy') return;
    people.putBack(id, copy);
  };
}
