import { CALM, Dice, ROUGH, World } from '../world.ts';
import { Conversation, DESKS } from './conversation.ts';
import { type Played, type StormPart, seedOf } from './outcome.ts';

/** Of one conversation; the next one begins anew. */
export const CRASHES_OF_A_WORLD = 20;
const REOPENS_MS = 60_000;

/**
 * Conversations in which desks are killed at any moment, in the middle of what they write, on a line that loses, doubles
 * and reorders; put back from copies, and their clocks set back.
 */
export function crashes(seed: number, count: number): StormPart {
  const worlds = Math.ceil(count / CRASHES_OF_A_WORLD);
  return { name: 'crashes', worlds, play: (world) => playCrashes(seedOf('crashes', seed, world), world) };
}

async function playCrashes(seed: number, number: number): Promise<Played> {
  const world = new World({ seed });
  const dice = new Dice(seed + 1_000_000);
  const people = new Conversation(world);
  const findings: string[] = [];
  const counts = { crashes: 0, restores: 0, clocksSetBack: 0 };
  if (!(await people.meet())) findings.push('the desks did not come together');
  const copies = { ...DESKS.map((id) => world.snapshot(id)) };
  // In every other conversation nothing is put back, and so nothing at all may be lost.
  const mayRestore = number % 2 === 1;
  world.slowDisks = true;
  for (; counts.crashes < CRASHES_OF_A_WORLD; counts.crashes++) {
    world.manners = dice.roll() < 0.5 ? CALM : ROUGH;
    const which = dice.below(2);
    const id = DESKS[which]!;
    for (const writer of DESKS) {
      people.say(writer, `${writer} ${people.tried[writer].length}`, dice.roll() < 0.5 ? 'sealed' : 'hybrid');
    }
    if (dice.roll() < 0.2) people.offer(DESKS[dice.below(2)]!, 1 + dice.below(50_000));
    if (dice.roll() < 0.3) people.ring(DESKS[dice.below(2)]!);
    if (dice.roll() < 0.2) people.reload(DESKS[dice.below(2)]!);
    await people.run(dice.below(400));
    // In the middle of whatever is under way, some of it committed and some not.
    world.crash(id);
    const fate = dice.roll();
    if (fate < 0.15 && mayRestore) {
      people.putBack(id, copies[which]!);
      counts.restores++;
    } else if (fate < 0.3) copies[which] = world.snapshot(id);
    if (dice.roll() < 0.1) {
      world.setBack(dice.below(3_600_000));
      counts.clocksSetBack++;
    }
    await people.run(dice.below(1000));
    await people.until(() => people.isOpen, REOPENS_MS);
  }
  world.manners = CALM;
  if (!(await people.settle())) findings.push(`something is under way for ever: ${line(people)}`);
  findings.push(...people.findings());
  return {
    world: number,
    findings: findings.map((finding) => `world ${number}: ${finding}`),
    counts: { ...counts, ...people.once.counts },
  };
}

function line({ world }: Conversation): string {
  return DESKS.map((id) => world.sites[id].session?.view().line.reason ?? 'dead').join(' / ');
}
