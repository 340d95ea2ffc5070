/** What a study of a network prints, for people and for programs. */
import type { CoalitionTally, NetworkStudy, PlayedDay } from '@skykey/node';
import { iso } from '../interval.ts';
import { VERSION } from '../version.ts';
import { isAsItMust, type NetworkSummary, type PairSummary, type Promise90 } from './summary.ts';

export interface NetworkFindings {
  readonly name: string;
  readonly study: NetworkStudy;
  readonly days: readonly PlayedDay[];
  readonly summary: NetworkSummary;
  readonly timing: { readonly wallS: number; readonly cpuS: number };
}

export function networkDocument({ name, study, days, summary, timing }: NetworkFindings): unknown {
  const { scene, plans } = study;
  return {
    format: 'skykey-network-study/1',
    network: name,
    scenario: scene.network.scenario,
    simulated: true,
    from: iso(scene.startMs),
    to: iso(scene.endMs),
    realisations: scene.realisations,
    seed: scene.seed,
    version: VERSION,
    plans: plans.map(({ from, to, routes, steps }) => ({
      from,
      to,
      routes,
      joins: steps.map(({ node, makes }) => ({ node, makes })),
    })),
    unreachable: study.unreachable,
    ...summary,
    firstDay: {
      blocks: days[0]!.blocks,
      alarms: days[0]!.alarms,
      forecasts: days[0]!.bits.map(({ issuedMs, targetMs, ...one }) => ({
        issued: iso(issuedMs),
        target: iso(targetMs),
        ...one,
      })),
      ready: days[0]!.ready.map(({ issuedMs, said, came, ...one }) => ({
        ...{ issued: iso(issuedMs), said: said.map(moment), came: moment(came) },
        ...one,
      })),
    },
    timing,
  };
}

/** Null: not that day. */
const moment = (ms: number): string | null => (Number.isFinite(ms) ? iso(ms) : null);

const count = (n: number): string => Math.round(n).toLocaleString('en');
const kbit = (bits: number): string => `${(bits / 1000).toFixed(bits > 0 && bits < 9950 ? 1 : 0)}`;
const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

export function networkReport({ name, study, days, summary, timing }: NetworkFindings): string {
  const { scene } = study;
  const sites = scene.topology.nodes.filter(({ kind }) => kind === 'site').length;
  const satellites = scene.topology.nodes.filter(({ kind }) => kind === 'satellite').length;
  const [first] = days;
  const command = `npx skykey network --scenario ${name} --days ${days.length} --realisations ${scene.realisations} --seed ${scene.seed}`;
  return `# A network through a day

${sites} sites and ${satellites} satellites from ${iso(scene.startMs)} to ${iso(scene.endMs)}, ${days.length === 1 ? 'one day' : `${days.length} days of independent weather`}. Every node runs the
protocol of the product on a vault of its own (SQLite): joins, confirmations, combinations, keys assigned and fetched, alarms.
Blocks of quantum links are random bytes of a seed, as many as the planner's contact plan has in a realisation that no
forecast has seen. The photons are simulated, and so is the secrecy.

Run again by \`${command}\`, Skykey ${VERSION}: the same figures.
It took ${timing.wallS.toFixed(1)} s (${timing.cpuS.toFixed(1)} s of processor time, ${(timing.cpuS / days.length).toFixed(1)} s a day with planning).

## Forecasts against what came

A forecast says 5 %, 50 % and 95 % of the bits that a pair will have got by a moment, and of the time when its first
${count(scene.readyBits)} bits are there: all joins of all pairs rehearsed on ${count(scene.realisations)} realisations of weather and counts, from what is in store then.
Its middle 90 % must hold nine times in ten. Of one weather all pairs and moments of a day depend, so that only days can be
counted as independent: the last columns take one forecast of each day, drawn. Ties among realisations (no key, for clouds) are
broken by lot; as printed, ends included, an interval holds more often.

${table(['forecast of', 'forecasts', 'held', 'over days', 'held as printed', 'one a day', '95 % of the time', 'holds'], summary.promises.map(promiseRow))}

${certainText(summary)}
${alarmedText(summary, first!)}
${aloneText(summary)}

## Pairs

Bits by the end of the day, in kbit; keys of the demand over all days.

${table(['pair', 'ways', 'said at the begin: 5, 50, 95 %', 'came: least, mean, most', 'keys asked', 'got', 'refused'], summary.pairs.map(pairRow))}

## Dishonest nodes

${count(summary.keys)} keys, each against nobody (who hears all ${count(summary.messages)} messages), every node, every two nodes, and the same with nodes that trust makes one
(a control segment and its satellites). A coalition pools the blocks of its links and all that is said on public lines; a key is
in the span of those over GF(2), and is then reckoned from their bytes and compared with the key that was delivered, or it is
uniform given all of it. Besides, what entered each vault is searched for each key as it is.

${table(['key came by', 'coalition', 'on every way of the key', 'keys times coalitions', 'recovered', 'as it must'], summary.coalitions.map(coalitionRow))}

${summary.secret ? 'Every coalition with a node on each way of a key recovered it; no other recovered any.' : '**Not as it must be**: see the table.'}

## What is assumed

Blocks are at both ends 30 s after the light, and a satellite is heard for a minute after it; other stations reach it through the
one that it is over. Fibres make their blocks on time. A station's weather is not conditioned on what was seen of it earlier in
the day, so that forecasts of later hours are made of the same realisations. Nobody foresees demand: pairs of this network do not
draw from lanes that others join.
`;
}

function promiseRow({ what, forecasts, held, heldAsSaid, share, error, independent, holds }: Promise90): string[] {
  if (forecasts === 0) return [what, '0', '-', '-', '-', '-', '-', '-'];
  const [least, most] = independent.range;
  return [
    what,
    count(forecasts),
    `${count(held)}, ${percent(held / forecasts)}`,
    `${percent(share)} ± ${(100 * error).toFixed(1)}`,
    percent(heldAsSaid / forecasts),
    `${independent.held} of ${independent.days}`,
    `${least} to ${most}`,
    holds === null ? 'too few days' : holds ? 'yes' : '**no**',
  ];
}

function certainText({ certain }: NetworkSummary): string {
  if (certain.forecasts === 0) return '';
  return `Besides, ${count(certain.forecasts)} forecasts were certain (key of fibres, or none at all); ${count(certain.held)} of them came true.`;
}

function alarmedText({ alarmed }: NetworkSummary, { alarms }: PlayedDay): string {
  if (alarms.length === 0) return '';
  const told = alarms.map(
    ({ link, atMs, reopenedMs, overwrittenBits, told: nodes, unreachable }) =>
      `${link} under alarm from ${iso(atMs)} to ${iso(reopenedMs)}: ${count(overwrittenBits)} bits overwritten where it was found, ` +
      `known to ${nodes} node${nodes === 1 ? '' : 's'} at once (others hear when they share key with somebody who knows), ${unreachable.length === 0 ? 'other routes for all' : `no other route for ${unreachable.map(({ rule }) => rule).join(', ')}`}`,
  );
  return (
    `On the first day ${told.join('; ')}. Of ${count(alarmed.forecasts)} uncertain forecasts that an alarm made void ` +
    `${count(alarmed.held)} held; they are not counted above.`
  );
}

function aloneText({ alone: { forecasts, above, below } }: NetworkSummary): string {
  if (forecasts === 0) return '';
  return (
    `A pair forecast by itself, as if nobody else wanted its links (\`Forecaster\`): of ${count(forecasts)} such intervals, of ways with one ` +
    `relay each, what came was below ${count(below)} (${percent(below / forecasts)}) and above ${count(above)} (${percent(above / forecasts)}); 10 % together would be ` +
    'right. Its upper end counts key that another pair takes, and clouds put its lower end at 0 with or without others.'
  );
}

function pairRow({ master, slave, routes, said, came, asked, got, refused }: PairSummary): string[] {
  const why = Object.entries(refused).map(([code, times]) => `${code} ${count(times)}`);
  const between = routes.map((route) => route.slice(1, -1).join(', ') || 'direct').join(' **and** ');
  return [
    `${master.split('-for-')[0]}, ${slave.split('-for-')[0]}`,
    between || 'none',
    said.map(kbit).join(', '),
    [came.least, came.mean, came.most].map(kbit).join(', '),
    count(asked),
    count(got),
    why.join(', ') || '-',
  ];
}

function coalitionRow(tally: CoalitionTally): string[] {
  const { paths, kind, covers, attempts, recovered } = tally;
  const by = paths === 0 ? 'no node between' : paths === 1 ? 'one way' : `${paths} disjoint ways`;
  return [by, kind, covers ? 'yes' : 'no', count(attempts), count(recovered), isAsItMust(tally) ? 'yes' : '**no**'];
}
