/** One day of a network: when satellites made key with whom, and how forecasts of the morning stood against what came. */
import { areaY, axisY, gridY, line, type Markish, rect, ruleX, text } from '@observablehq/plot';
import type { NetworkStudy, PlayedDay } from '@skykey/node';
import { day as dayOf } from '../interval.ts';
import { VERSION } from '../version.ts';
import { lineColour } from './palette.ts';
import { GRID, INK, type Panel, sheetOf } from './sheet.ts';
import { timeAxis } from './time-axis.ts';

const WAITED = '#dbe2ee';
const CLEAR = '#44AA99';
const BAND = '#88CCEE';
const ALARM = '#CC6677';
/** Panels of pairs whose key is uncertain; more would not fit a page. */
const MOST_PAIRS = 6;
/** Contacts are minutes; narrower than this they would not be seen. */
const LEAST_WIDTH_MS = 360_000;

export function networkChart(study: NetworkStudy, day: PlayedDay): string {
  const { scene, plans } = study;
  const { startMs, endMs } = scene;
  const uncertainPlans = plans
    .map((plan, i) => ({ plan, i, first: day.bits.filter((one) => one.plan === i && one.issuedMs === startMs) }))
    .filter(({ first }) => first.some(({ said }) => said[0] !== said[2]));
  const panels = [
    contactPanel(study, day),
    ...uncertainPlans.slice(0, MOST_PAIRS).map(({ plan, i, first }, place, shown): Panel => {
      const band = [
        { at: new Date(startMs), low: 0, middle: 0, high: 0 },
        ...first.map(({ targetMs, said }) => ({
          ...{ at: new Date(targetMs), low: said[0] / 1000, middle: said[1] / 1000, high: said[2] / 1000 },
        })),
      ];
      const came = [
        { at: new Date(startMs), bits: 0 },
        ...day.came[i]!.map(({ atMs, bits }) => ({ at: new Date(atMs), bits: bits / 1000 })),
      ];
      const most = Math.max(1, ...band.map(({ high }) => high), ...came.map(({ bits }) => bits)) * 1.08;
      const ways = plan.routes.map((route) => route.slice(1, -1).join(', ')).join(' and ');
      const last = place === shown.length - 1;
      return {
        heading: `${plan.from} and ${plan.to} by ${ways}, kbit`,
        height: last ? 118 : 96,
        keys: [
          { name: 'came', remark: `${came.at(-1)!.bits.toFixed(0)} kbit`, colour: lineColour(0), mark: 'line' },
          { name: 'said at the begin', remark: '5 to 95 %', colour: BAND, mark: 'area' },
        ],
        options: {
          marginBottom: last ? 28 : 6,
          x: { type: 'utc', domain: [new Date(startMs), new Date(endMs)], axis: null },
          y: { domain: [0, most], axis: null },
          marks: [
            ...timeAxis(startMs, endMs, last),
            gridY({ ticks: 3, stroke: GRID, strokeOpacity: 1 }),
            areaY(band, { x: 'at', y1: 'low', y2: 'high', fill: BAND, fillOpacity: 0.7, curve: 'step-before' }),
            line(came, { x: 'at', y: 'bits', stroke: lineColour(0), strokeWidth: 2.2, curve: 'step-after' }),
            ...alarmMarks(day),
            axisY({ ticks: 3, label: null, tickSize: 0 }),
          ] as Markish[],
        },
      };
    }),
  ];
  const sites = scene.topology.nodes.filter(({ kind }) => kind === 'site').length;
  const satellites = scene.topology.nodes.filter(({ kind }) => kind === 'satellite').length;
  return sheetOf({
    title: `A network through a day: ${sites} sites, ${satellites} satellites, ${dayOf(startMs)}`,
    subtitle:
      'Contacts of the plan and those that made key, and key of pairs against the forecast at the begin of the day (UTC)',
    panels,
    caption:
      `The protocol of the product on blocks of simulated photons, in one realisation of weather that the forecast had not seen. ` +
      `Forecasts are made for every ${scene.targetEveryH} hours. A red line is an alarm of a link. Seed ${scene.seed}, Skykey ${VERSION}.`,
  });
}

function contactPanel({ scene }: NetworkStudy, day: PlayedDay): Panel {
  const { startMs, endMs, topology } = scene;
  const satellites = topology.nodes.filter(({ kind }) => kind === 'satellite').map(({ id }) => id);
  const made = new Set(day.blocks.map(({ link, atMs }) => `${link} ${atMs}`));
  const contacts = scene.contacts
    .filter(({ link }) => satellites.some((id) => link.startsWith(`${id}-`)))
    .map(({ link, startMs: from, endMs: to, readyMs }) => {
      const satellite = satellites.find((id) => link.startsWith(`${id}-`))!;
      const half = Math.max(LEAST_WIDTH_MS, to - from) / 2;
      const middle = (from + to) / 2;
      return {
        ...{
          satellite,
          station: link.slice(satellite.length + 1),
          from: new Date(middle - half),
          to: new Date(middle + half),
        },
        ...{ at: new Date(middle), made: made.has(`${link} ${readyMs}`) },
      };
    });
  const rows = Map.groupBy(contacts, ({ satellite }) => satellite);
  const placed = [...rows.values()].flatMap((list) =>
    list
      .sort((a, b) => a.at.getTime() - b.at.getTime())
      .map((contact, i) => ({ ...contact, y: satellites.indexOf(contact.satellite), up: i % 3 })),
  );
  return {
    heading: 'Contacts of satellites with stations',
    height: 60 + 46 * satellites.length,
    keys: [
      {
        name: 'made key',
        remark: `${placed.filter(({ made: yes }) => yes).length} of ${placed.length}`,
        colour: CLEAR,
        mark: 'area',
      },
      { name: 'did not', remark: 'clouds, or too little', colour: WAITED, mark: 'area' },
      ...(day.alarms.length > 0 ? [{ name: 'alarm', colour: ALARM, mark: 'line' } as const] : []),
    ],
    options: {
      marginBottom: 6,
      x: { type: 'utc', domain: [new Date(startMs), new Date(endMs)], axis: null },
      y: { domain: [satellites.length - 0.2, -0.8], axis: null },
      marks: [
        ...timeAxis(startMs, endMs, false),
        rect(placed, {
          x1: 'from',
          x2: 'to',
          y1: (one: { y: number }) => one.y,
          y2: (one: { y: number }) => one.y + 0.32,
          fill: (one: { made: boolean }) => (one.made ? CLEAR : WAITED),
          stroke: INK,
          strokeWidth: 0.4,
        }),
        text(placed, {
          x: 'at',
          y: (one: { y: number; up: number }) => one.y - 0.1 - 0.2 * one.up,
          text: 'station',
          fontSize: 8.5,
          fill: INK,
        }),
        ...alarmMarks(day),
        axisY(
          satellites.map((_, i) => i),
          { tickFormat: (i: number) => satellites[i]!, label: null, tickSize: 0, dy: 5 },
        ),
      ] as Markish[],
    },
  };
}

const alarmMarks = ({ alarms }: PlayedDay): Markish[] =>
  alarms.length === 0
    ? []
    : [
        ruleX(
          alarms.map(({ atMs }) => new Date(atMs)),
          { stroke: ALARM, strokeWidth: 2 },
        ),
      ];
