/** The budget along a pass: its terms one on the other, what was measured beside them, range and elevation below. */
import { line } from '@observablehq/plot';
import type { Scenario } from '@skykey/scenario';
import type { Inputs } from '../budget/document.ts';
import { differenceDb, togetherDb } from '../budget/document.ts';
import type { Arm, Row, Subject } from '../budget/subject.ts';
import { stretch } from '../interval.ts';
import { VERSION } from '../version.ts';
import { framed, hiddenIn, linesPanel, lossPanel, SEEN_DB, span } from './budget-panels.ts';
import { INK, type Panel, sheetOf } from './sheet.ts';

function armPanel({ arms, window }: Subject, { link, rows }: Arm): Panel {
  const differences = rows.flatMap((row) => differenceDb(row) ?? []);
  const two = arms.length > 1;
  return lossPanel(window!, rows, two ? 210 : 300, {
    whose: two ? ` to ${link.station.station.name}` : '',
    remark: differences.length > 0 ? `model ${span(differences, 1, 'dB', 'exceptZero')}` : '',
  });
}

function sumPanel(subject: Subject): Panel[] {
  const { arms } = subject;
  if (arms.length < 2) return [];
  const points = arms[0]!.rows.flatMap((row, i) => {
    const sum = togetherDb(arms, i);
    return sum === null ? [] : [{ date: new Date(row.utcMs!), sum }];
  });
  const sums = points.map(({ sum }) => sum);
  const [low, high] = [Math.min(...sums), Math.max(...sums)];
  const room = Math.max(1, (high - low) * 0.15);
  return [
    {
      heading: `Both arms together, dB (model: ${span(sums, 1, 'dB')})`,
      height: 92,
      keys: [{ name: 'both arms', colour: INK, mark: 'line' }],
      options: framed(
        subject.window!,
        [low - room, high + room],
        false,
        [line(points, { x: 'date', y: 'sum', strokeWidth: 2.5 })],
        4,
      ),
    },
  ];
}

/** A figure of the geometry: one line, or one an arm. */
function geometryPanel(
  { arms, window }: Subject,
  heading: string,
  of: (row: Row) => number,
  unit: string,
  figures: boolean,
): Panel {
  const lines = arms.map(({ link, rows }) => ({
    name: arms.length > 1 ? link.station.station.name : heading.toLowerCase().split(',')[0]!,
    rows,
  }));
  return linesPanel(window!, heading, lines, of, unit, figures);
}

export function budgetChart(scenario: Scenario, subject: Subject, inputs: Inputs): string {
  const { arms, window, run } = subject;
  const { satellite, optics, direction } = arms[0]!.link;
  const stations = arms.map(({ link }) => link.station.station.name).join(' and ');
  const { startMs, endMs } = window!;
  const [from, to] = direction === 'up' ? [stations, satellite.name] : [satellite.name, stations];
  const measured = arms.some(({ link }) => link.measured);
  const hidden = new Set(arms.flatMap(({ rows }) => hiddenIn(rows)));
  return sheetOf({
    title: `Link budget, ${from} to ${to}`,
    subtitle: `${scenario.title}. ${stretch(startMs, endMs)}, ${optics.wavelengthNm} nm`,
    panels: [
      ...arms.map((arm) => armPanel(subject, arm)),
      ...sumPanel(subject),
      geometryPanel(subject, 'Range, km', ({ rangeKm }) => rangeKm, 'km', false),
      geometryPanel(subject, 'Elevation, degrees', ({ elevationDeg }) => elevationDeg, '°', true),
    ],
    caption:
      `Mean over fading, clear sky; detector efficiency not included${measured ? '; measured: the curve published for this link' : ''}. ` +
      `${hidden.size > 0 ? `Below ${SEEN_DB} dB and not drawn: ${[...hidden].join(', ')}. ` : ''}` +
      `${inputs.assumed.length} of ${inputs.count} inputs are assumed, the others published with their sources. ` +
      `Time in UTC. Run ${run}, Skykey ${VERSION}.`,
  });
}
