/** The report of a storm: what was played, what was watched, and what was found. */
import { type Played, type StormSize, totals } from '@skykey/hotline/trial';
import { VERSION } from '../version.ts';

export type StormWorld = Played & { readonly part: string; readonly playedOn: string };

export interface StormDocument {
  readonly study: 'hotline-storm';
  readonly version: string;
  readonly size: StormSize;
  readonly firstPlayed: string;
  readonly lastPlayed: string;
  /** By part: worlds, and sums of what they counted. */
  readonly parts: Readonly<
    Record<string, { readonly worlds: number; readonly counts: Readonly<Record<string, number>> }>
  >;
  /** Altered, doubled, turned back, spliced: messages of the treated conversation, messages of noise, media frames. */
  readonly mutated: {
    readonly messages: number;
    readonly noise: number;
    readonly frames: number;
    readonly all: number;
  };
  readonly findings: readonly string[];
}

const MOST_SHOWN = 50;

export function stormDocument(size: StormSize, worlds: readonly StormWorld[]): StormDocument {
  const names = [...new Set(worlds.map(({ part }) => part))];
  const of = (name: string): readonly StormWorld[] => worlds.filter(({ part }) => part === name);
  const days = worlds.map(({ playedOn }) => playedOn).sort();
  const sums = Object.fromEntries(
    names.map((name) => [name, { worlds: of(name).length, counts: totals(of(name)) }] as const),
  );
  const mutated = (name: string): number => sums[name]?.counts.mutated ?? 0;
  const each = { messages: mutated('messages'), noise: mutated('noise'), frames: mutated('frames') };
  return {
    study: 'hotline-storm',
    version: VERSION,
    size,
    firstPlayed: days[0] ?? '',
    lastPlayed: days.at(-1) ?? '',
    parts: sums,
    mutated: { ...each, all: each.messages + each.noise + each.frames },
    findings: worlds.flatMap(({ part, findings }) => findings.map((finding) => `${part}: ${finding}`)),
  };
}

const number = (value: number | undefined): string => Math.round(value ?? 0).toLocaleString('en-US');

export function stormText({ size, parts, mutated, findings, firstPlayed, lastPlayed }: StormDocument): string {
  const count = (part: string, name: string): string => number(parts[part]?.counts[name]);
  const worlds = (part: string): string => number(parts[part]?.worlds);
  const crashes = (parts.writes?.counts.crashes ?? 0) + (parts.crashes?.counts.crashes ?? 0);
  const used = (name: string): string => number((parts.writes?.counts[name] ?? 0) + (parts.crashes?.counts[name] ?? 0));
  const treatments = Object.entries(parts.messages?.counts ?? {}).filter(
    ([name]) => !['messages', 'treated', 'mutated', 'textsShown'].includes(name),
  );
  const list = findings.slice(0, MOST_SHOWN).map((finding) => `- ${finding}`);
  const shown = findings.length > list.length ? [`- … and ${number(findings.length - list.length)} more`] : [];
  return `# The hotline in a storm

\`skykey study hotline-storm --crashes ${size.crashes} --moments ${size.moments} --mutated ${size.mutated} --rounds ${size.rounds}${size.most ? ` --points ${size.most}` : ''} --seed ${size.seed}\`, Skykey ${VERSION}, played ${firstPlayed === lastPlayed ? `on ${firstPlayed}` : `from ${firstPlayed} to ${lastPlayed}`}. Two desks with the session that is shipped (agreements, keys, streams, files, calls, states), in virtual time; their stores, key managers and the line between them are simulated, and everything happens by dice of the seed. Each world can be played again alone.

**Findings: ${number(findings.length)}.**
${[...list, ...shown].map((finding) => `${finding}\n`).join('')}
## Pools that run dry

At ${count('starved', 'moments')} moments, in the midst of texts, a file and a call: ${count('starved', "Alice's pool")} times what Alice sends with (and Bob receives with), ${count('starved', "Bob's pool")} times the other way; ${count('starved', 'taken at once')} times taken away at once, ${count('starved', 'used up by texts')} times used up by texts; ${count('starved', 'past the life of the keys')} times for longer than keys may live. Then the pool fills again.

- Both desks were at red within ${count('starved', 'mostMsUntilBothKnew')} ms at most (allowed: 2,000 ms), with texts, files and calls closed and the call ended.
- No desk that knew it sent a record of the text or file lane or gave a page leave for media; nothing that waited went later in another way than asked for.
- No desk asked for a key that would have come out of what the policy keeps for authentication.

## Crashes

${number(crashes)} crashes of a desk.

- ${count('writes', 'crashes')} of them go through ${size.most ? 'some of the durable writes' : 'every durable write'} of one conversation, of either desk: every commit of its store, every piece of a file, every key out of a pool; right before it and right after it; then started again as it was (${count('writes', 'as it was')}), from a copy half as old (${count('writes', 'put back from a copy')}), with the clock set back (${count('writes', 'clock set back')}). The conversation has texts of both kinds off and on the record, files both ways, calls with leases and pages that lose their keys, an alarm, approvals and the reopening.
- ${count('crashes', 'crashes')} fall at any moment of ${worlds('crashes')} conversations, in the middle of commits that take time, on lines that lose, double and reorder; ${count('crashes', 'restores')} times a store was put back from a copy, ${count('crashes', 'clocksSetBack')} times the clocks were set back by up to an hour.

Looked at: ${used('records')} records (epoch, lane, direction and counter name key and nonce: never two for one), ${used('padKeys')} keys of one-time pads (each for one text), ${used('mediaKeys')} base keys to send media with (each handed out once). Every text and file that a person was told is kept has arrived, once and in order, but for what was kept before a store was put back; and every line was open in the end.

## A hostile line

Altered, doubled, turned back and spliced, beside true ones or in their place: **${number(mutated.all)}**, of them ${number(mutated.messages)} messages of treated conversations, ${number(mutated.noise)} messages of noise, ${number(mutated.frames)} media frames.

- **Every message**: in ${worlds('messages')} conversations as above each message, by its place, was treated in each of ${treatments.length} ways; ${count('messages', 'treated')} were (${treatments.map(([name, times]) => `${name}: ${number(times)}`).join('; ')}).
- **Noise**: ${worlds('noise')} conversations both ways with texts, files, calls and alarms (${count('noise', 'alarms')}), ${count('noise', 'messages')} messages; three of ten were taken away, and beside each went three that were altered, cut, spliced or old, and one back to who had sent it.
- **Frames**: ${worlds('frames')} calls with keys that two sessions leased, audio and video both ways, ${count('frames', 'frames')} frames of which ${count('frames', 'opened')} were opened, each once.

Texts, files, calls and alarms: nothing was taken that nobody had sent, none twice, texts in order and with the sealing asked for; ${number((parts.messages?.counts.textsShown ?? 0) + (parts.noise?.counts.textsShown ?? 0))} texts were shown.

## What this does not show

- The stores are simulated: a commit is there as a whole or not at all. That the store on a disk does so is another study.
- Crashes at every write follow one conversation of one seed; any other order is left to the random ones.
- A page that is loaded anew in a call begins with an empty replay window: frames of the media epoch that runs, which the page before has played, can be played to it once more for as long as it has that epoch's key.
- Keys of pads are known by the texts that name them, at both desks; a pad whose text never became durable anywhere is not seen.
`;
}
