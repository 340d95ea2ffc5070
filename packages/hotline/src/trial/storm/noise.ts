import { Dice, World } from '../world.ts';
import { Conversation, DESKS } from './conversation.ts';
import { mutated } from './mutation.ts';
import { type Played, type StormPart, seedOf } from './outcome.ts';

/** Beside each message that passes; one more goes back to who sent it. */
const COPIES = 3;
/** Part of the true messages that come through. */
const THROUGH = 0.7;
const TURNS = 40;
const MAX_SEEN = 400;

/** Messages that one conversation yields, at least; worlds are counted out by it. */
const PER_WORLD = 1500;

/**
 * Conversations on a line where somebody puts altered, cut, spliced, reflected and repeated messages beside every true one,
 * and takes three of ten away. At least `count` such messages in all.
 */
export function noise(seed: number, count: number): StormPart {
  return {
    name: 'noise',
    worlds: Math.ceil(count / PER_WORLD),
    play: (world) => playNoise(seedOf('noise', seed, world), world),
  };
}

async function playNoise(seed: number, number: number): Promise<Played> {
  const world = new World({ seed });
  const dice = new Dice(seed + 1_000_000);
  const people = new Conversation(world);
  const findings: string[] = [];
  const seen: Uint8Array[] = [];
  let put = 0;
  let messages = 0;
  world.middle = (bytes, from) => {
    messages++;
    seen.push(bytes.slice());
    if (seen.length > MAX_SEEN) seen.splice(0, MAX_SEEN / 2);
    const bad = Array.from({ length: COPIES }, () => mutated(bytes, seen, dice));
    put += bad.length + 1;
    world.inject(from, bytes.slice());
    return dice.roll() < THROUGH ? [...bad, bytes] : bad;
  };
  if (!(await people.meet())) findings.push('the desks did not come together');
  const alarms = dice.roll() < 0.3;
  for (let i = 0; i < TURNS || put < PER_WORLD; i++) {
    const id = DESKS[dice.below(2)]!;
    people.say(id, `${id} ${people.tried[id].length}`, dice.roll() < 0.5 ? 'sealed' : 'hybrid');
    if (i === 5 || i === 10) people.offer(DESKS[i % 2]!, 1 + dice.below(60_000));
    if (i % 15 === 3) people.ring(DESKS[dice.below(2)]!);
    if (i % 15 === 12) people.hangUp(DESKS[dice.below(2)]!);
    if (i === 25 && alarms) people.alarm(DESKS[dice.below(2)]!);
    await people.run(100 * (1 + dice.below(8)));
  }
  if (!(await people.settle())) findings.push('something is under way for ever');
  findings.push(...people.findings());
  return {
    world: number,
    findings: findings.map((finding) => `world ${number}: ${finding}`),
    counts: { messages, mutated: put, textsShown: people.textsShown, alarms: Number(alarms) },
  };
}
