import { ALICE, BOB, CALM, World } from '../world.ts';
import { Conversation } from './conversation.ts';

/** What people do, and when, virtual ms after both desks may do everything. */
const ACTS: readonly (readonly [atMs: number, act: (people: Conversation) => void])[] = [
  [0, (people) => people.say(ALICE, 'a one', 'hybrid')],
  [0, (people) => people.say(BOB, 'b one', 'sealed')],
  [200, (people) => people.say(ALICE, 'a two', 'sealed')],
  [200, (people) => people.say(BOB, 'b two', 'hybrid')],
  [400, (people) => people.record(ALICE)],
  [400, (people) => people.record(BOB)],
  [900, (people) => people.say(ALICE, 'a three, on the record', 'sealed')],
  [900, (people) => people.say(BOB, 'b three, on the record', 'hybrid')],
  [1000, (people) => people.offer(ALICE, 40_000)],
  [1100, (people) => people.offer(BOB, 20_000)],
  [1500, (people) => people.ring(ALICE)],
  [2500, (people) => people.reload(ALICE)],
  [2800, (people) => people.reload(BOB)],
  [3000, (people) => people.say(ALICE, 'a four, in the call', 'sealed')],
  [3400, (people) => people.hangUp(BOB)],
  [3800, (people) => people.say(BOB, 'b four', 'sealed')],
  [3900, (people) => people.alarm(BOB)],
  [4100, (people) => people.say(ALICE, 'a five, while the line is black', 'hybrid')],
];

/** After the line is open again. */
const AFTERWARDS: typeof ACTS = [
  [0, (people) => people.say(ALICE, 'a six', 'sealed')],
  [0, (people) => people.say(BOB, 'b six', 'sealed')],
  [200, (people) => people.say(ALICE, 'a seven', 'hybrid')],
  [200, (people) => people.ring(BOB)],
  [1200, (people) => people.hangUp(BOB)],
];
const REOPENS_MS = 60_000;

/**
 * One conversation with everything in it that is kept or sent: texts of both kinds, off and on the record, files both ways,
 * calls with leases, an alarm, approvals and a reopening. Alike each time but for what is done to it.
 */
export async function playScript(
  seed: number,
  interfere: (people: Conversation) => void,
): Promise<{ readonly people: Conversation; readonly findings: readonly string[] }> {
  const people = new Conversation(new World({ seed, manners: CALM }));
  interfere(people);
  const findings: string[] = [];
  if (!(await people.meet())) findings.push('the desks did not come together');
  await perform(people, ACTS);
  if (!(await people.until(() => people.isOpen, REOPENS_MS))) findings.push('the line was not opened again');
  await perform(people, AFTERWARDS);
  if (!(await people.settle())) findings.push('something is under way for ever');
  return { people, findings: [...findings, ...people.findings()] };
}

async function perform(people: Conversation, acts: typeof ACTS): Promise<void> {
  let nowMs = 0;
  for (const [atMs, act] of acts) {
    if (atMs > nowMs) await people.run(atMs - nowMs);
    nowMs = Math.max(nowMs, atMs);
    act(people);
  }
  await people.run(300);
}
