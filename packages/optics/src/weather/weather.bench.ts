/**
 * Weather, prepared and drawn: medians of three rounds. Run: node packages/optics/src/weather.bench.ts
 */

import { xorshift } from '../test/xorshift.ts';
import type { Climate } from './climate.ts';
import { weatherModel } from './weather.ts';

const DAY = 86_400_000;
const fromMs = Date.UTC(2026, 0, 1);
const median = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1]!;

for (const [stations, days, realisations] of [
  [3, 30, 1000],
  [20, 365, 200],
] as const) {
  const climates: Climate[] = Array.from({ length: stations }, (_, i) => ({
    stationId: `s${i}`,
    latitudeDeg: 30 + 3 * (i % 5),
    longitudeDeg: 80 + 4 * Math.floor(i / 5),
    clearFraction: Array.from({ length: 12 }, (_, month) => 0.2 + (0.6 * ((i * 5 + month * 7) % 11)) / 11),
    correlationH: 6 + (i % 3),
    source: 'made up for the bench',
  }));
  const prepare: number[] = [];
  const draw: number[] = [];
  const ask: number[] = [];
  let stepMs = 0;
  let clear = 0;
  for (let round = 0; round < 3; round++) {
    const begin = performance.now();
    const model = weatherModel({ climates, correlationKm: 300, fromMs, toMs: fromMs + days * DAY });
    ({ stepMs } = model);
    const prepared = performance.now();
    const uniform = xorshift(round + 1);
    let run = model.draw(uniform);
    for (let k = 1; k < realisations; k++) run = model.draw(uniform);
    const drawn = performance.now();
    for (let k = 0; k < 1e6; k++) if (run.clear(k % stations, fromMs + ((k * 7919_000) % (days * DAY)))) clear++;
    prepare.push(prepared - begin);
    draw.push(drawn - prepared);
    ask.push(performance.now() - drawn);
  }
  const states = (stations * days * DAY) / stepMs;
  console.log(
    `${stations} stations, ${days} days, steps of ${stepMs / 3_600_000} h: prepared in ${median(prepare).toFixed(1)} ms, ` +
      `${realisations} realisations in ${median(draw).toFixed(0)} ms ` +
      `(${((median(draw) * 1e6) / (states * realisations)).toFixed(1)} ns a state), ` +
      `asked in ${median(ask).toFixed(0)} ns (${((clear / 3e6) * 100).toFixed(0)} % clear)`,
  );
}
