import { ALICE, type DeskId, Dice, World } from '../world.ts';
import { Conversation, DESKS } from './conversation.ts';
import { type Played, type StormPart, seedOf } from './outcome.ts';

/** Both desks must know it within this. */
const KNOWN_MS = 2000;
const STEP_MS = 100;
/** Bits that one renewal takes; a pool that has less above the floor is dry. */
const RENEWAL_BITS = 256;
/** More than desks ask for before they are told that the pool is small. */
const UNDER_WAY_BITS = 10_000;
/** More than an epoch may live. */
const PAST_THE_KEYS_MS = 700_000;
const USED_UP_MS = 60_000;
const LANES = { 2: 'text', 3: 'file' } as Record<number, string>;

/**
 * Pools that run dry at any moment, at either desk and in either direction, taken away at once or used up by texts, while
 * texts, a file and a call are under way; then they fill again.
 */
export function starved(seed: number, count: number): StormPart {
  return { name: 'starved', worlds: count, play: (world) => playStarved(seedOf('starved', seed, world), world) };
}

async function playStarved(seed: number, number: number): Promise<Played> {
  const world = new World({ seed });
  const dice = new Dice(seed + 1_000_000);
  const people = new Conversation(world);
  const findings: string[] = [];
  if (!(await people.meet())) findings.push('the desks did not come together');
  const floor = world.policy.authenticationFloorBits;
  people.offer(DESKS[dice.below(2)]!, 100_000 + dice.below(200_000));
  people.ring(DESKS[dice.below(2)]!);
  // A line on which something is always under way.
  world.manners = { loss: 0, double: 0, delayMs: dice.below(300) };
  for (let ms = dice.below(3000); ms > 0; ms -= STEP_MS) {
    if (dice.roll() < 0.3) talk(people, dice);
    await people.run(STEP_MS);
  }
  world.manners = { loss: 0, double: 0, delayMs: 5 };
  const dry = DESKS[dice.below(2)]!;
  const atOnce = dice.roll() < 0.5;
  const pool = world.sites[dry];
  pool.poolBits = floor + (atOnce ? dice.below(RENEWAL_BITS) : UNDER_WAY_BITS + dice.below(20_000));
  const isDry = () => pool.poolBits < floor + RENEWAL_BITS;
  for (let ms = 0; !isDry() && ms < USED_UP_MS; ms += STEP_MS) {
    talk(people, dice);
    await people.run(STEP_MS);
  }
  if (!atOnce && pool.poolBits < floor) {
    findings.push(`texts took ${floor - pool.poolBits} bits of what is kept for authentication`);
  }
  // What its texts did not take is taken.
  if (!isDry()) pool.poolBits = floor;

  const late = new Watch(people);
  let waited = 0;
  for (; waited < KNOWN_MS && !DESKS.every((id) => world.level(id) === 'red'); waited += STEP_MS) {
    talk(people, dice);
    await people.run(STEP_MS);
  }
  for (const id of DESKS) {
    const { line, may, call } = world.session(id).view();
    if (line.level !== 'red') findings.push(`${id} is ${line.level} ${KNOWN_MS} ms after the pool of ${dry} was dry`);
    const allowed = Object.entries({ text: may.text, sealedText: may.sealedText, file: may.file, call: may.call })
      .filter(([, permission]) => permission.allowed)
      .map(([name]) => name);
    if (allowed.length > 0) findings.push(`${id} allows ${allowed.join(', ')} although a pool is dry`);
    if (call && call.state !== 'ended') findings.push(`a call goes on at ${id}: ${call.state}`);
  }
  const waiting = DESKS.reduce((sum, id) => sum + world.session(id).view().waitingTexts, 0);
  // What was asked for before a desk could know has come by now.
  await people.run(STEP_MS);
  const left = pool.poolBits;
  const isLong = number % 8 === 7;
  await people.run(isLong ? PAST_THE_KEYS_MS : 5000);
  if (pool.poolBits < left) findings.push(`${left - pool.poolBits} bits were taken of a pool that is dry`);
  findings.push(...late.findings);
  world.middle = null;

  pool.poolBits = Number.POSITIVE_INFINITY;
  if (!(await people.until(() => people.isOpen, USED_UP_MS))) findings.push('the line did not go on with new key');
  people.ring(dry);
  for (const id of DESKS) people.say(id, `${id} afterwards`, 'sealed');
  if (!(await people.settle())) findings.push('something is under way for ever');
  findings.push(...people.findings());
  return {
    world: number,
    findings: findings.map((finding) => `moment ${number}: ${finding}`),
    counts: {
      moments: 1,
      [atOnce ? 'taken at once' : 'used up by texts']: 1,
      [dry === ALICE ? "Alice's pool" : "Bob's pool"]: 1,
      'past the life of the keys': Number(isLong),
      textsThatWaited: waiting,
      mostMsUntilBothKnew: waited,
    },
  };
}

function talk(people: Conversation, dice: Dice): void {
  const id = DESKS[dice.below(2)]!;
  people.say(id, `${id} ${people.tried[id].length}`, dice.roll() < 0.7 ? 'sealed' : 'hybrid');
}

/** Sees what desks send that know that the line is red, and leases that they give. */
class Watch {
  readonly findings: string[] = [];

  constructor(people: Conversation) {
    const { world } = people;
    const knows = (id: DeskId): boolean => {
      const line = world.sites[id].session?.view().line;
      // What leaves in the same instant was sealed before it was known.
      return line?.level === 'red' && line.sinceUtcMs < world.nowMs;
    };
    world.middle = (bytes, from) => {
      const lane = bytes[5] === 2 ? LANES[bytes[6]!] : undefined;
      if (lane && knows(from)) this.findings.push(`${from} sent a record of the ${lane} lane while the line was red`);
      return [bytes];
    };
    people.onLease = (id) => {
      if (knows(id)) this.findings.push(`${id} let media go on while the line was red`);
    };
  }
}
