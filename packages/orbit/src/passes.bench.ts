/**
 * Passes above 10 degrees, on one core: a year of one satellite over one station, and 30 days of 100 satellites over 20
 * stations, each pair alone and each satellite over all stations together. Two workers halve the last figure, since
 * satellites share nothing.
 * Run: node packages/orbit/src/passes.bench.ts
 */
import assert from 'node:assert/strict';
import { type Pass, passes, passesOver } from './passes.ts';
import type { Station } from './station.ts';
import { MICIUS, MICIUS_LINE_1, MICIUS_LINE_2, XINGLONG } from './test/micius.ts';
import { parseTle } from './tle.ts';

const DAY = 86_400_000;
const fromMs = Date.parse('2016-12-19T00:00Z');

/** Micius in ten planes of ten. */
const constellation = Array.from({ length: 100 }, (_, i) => {
  const node = (36 * Math.floor(i / 10)).toFixed(4).padStart(8);
  const anomaly = (36 * (i % 10)).toFixed(4).padStart(8);
  const line = `${MICIUS_LINE_2.slice(0, 17)}${node}${MICIUS_LINE_2.slice(25, 43)}${anomaly}${MICIUS_LINE_2.slice(51, 68)}`;
  const sum = [...line].reduce((total, symbol) => total + (symbol === '-' ? 1 : Number(symbol) || 0), 0);
  return parseTle(`${MICIUS_LINE_1}\n${line}${sum % 10}`);
});

/** Observatories and cities, to a tenth of a degree. */
const places: readonly (readonly [string, number, number])[] = [
  ['Xinglong', 40.4, 117.6],
  ['Delingha', 37.4, 97.7],
  ['Nanshan', 43.5, 87.2],
  ['Lijiang', 26.7, 100.0],
  ['Ngari', 32.3, 80.0],
  ['Graz', 47.1, 15.5],
  ['Matera', 40.6, 16.7],
  ['Tenerife', 28.3, -16.5],
  ['Zvenigorod', 55.7, 36.8],
  ['Stellenbosch', -33.9, 18.9],
  ['Vienna', 48.2, 16.4],
  ['Delft', 52.0, 4.4],
  ['Paris', 48.9, 2.4],
  ['Jinan', 36.7, 117.1],
  ['Shanghai', 31.1, 121.5],
  ['Wuhan', 30.5, 114.4],
  ['Ottawa', 45.4, -75.7],
  ['Singapore', 1.3, 103.8],
  ['Canberra', -35.3, 149.0],
  ['Santiago', -33.4, -70.6],
];
const stations = places.map(
  ([name, latitudeDeg, longitudeDeg]): Station => ({ id: name, name, latitudeDeg, longitudeDeg, altitudeM: 100 }),
);

function seconds<T>(work: () => T): [number, T] {
  const before = process.cpuUsage();
  const result = work();
  const { user, system } = process.cpuUsage(before);
  return [(user + system) / 1e6, result];
}
const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1]!;

const year = { fromMs, toMs: fromMs + 365 * DAY, minElevationDeg: 10 };
passes(MICIUS, XINGLONG, year);
const one = Array.from({ length: 7 }, () => seconds(() => passes(MICIUS, XINGLONG, year))[0]);
console.log(`1 satellite x 1 station x 1 year: ${(median(one) * 1000).toFixed(0)} ms of CPU`);

const month = { fromMs, toMs: fromMs + 30 * DAY, minElevationDeg: 10 };
const times: Record<'alone' | 'together', number[]> = { alone: [], together: [] };
for (let round = 0; round < 2; round++) {
  const [alone, each] = seconds((): Pass[][][] =>
    constellation.map((satellite) => stations.map((station) => passes(satellite, station, month))),
  );
  const [together, all] = seconds(() => constellation.map((satellite) => passesOver(satellite, stations, month)));
  assert.deepEqual(all, each);
  times.alone.push(alone);
  times.together.push(together);
  if (round === 0) console.log(`100 satellites x 20 stations x 30 days: ${all.flat(2).length} passes`);
}
const [alone, together] = [median(times.alone), median(times.together)];
console.log(`  passes, pair by pair:         ${alone.toFixed(2)} s of CPU`);
console.log(
  `  passesOver, all stations:     ${together.toFixed(2)} s of CPU, ${(alone / together).toFixed(2)} times as fast`,
);
