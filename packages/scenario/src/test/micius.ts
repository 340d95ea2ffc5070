/** The shipped scenario, as it is and with one thing changed. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import type { Scenario } from '../model.ts';
import { scenarioPasses } from '../passes.ts';
import { readScenario } from '../scenario.ts';

const DATA = new URL('../../data/', import.meta.url);

export const FILE = 'micius-2016-12-19.json';
export const MICIUS_TEXT = readFileSync(new URL(FILE, DATA), 'utf8');
export const CURVE_TEXT = readFileSync(new URL('micius-2017-loss-against-range.csv', DATA), 'utf8');

/** Every scenario that comes with Skykey. */
export const SHIPPED = readdirSync(DATA)
  .filter((file) => file.endsWith('.json'))
  .map((file) => ({ file, text: readFileSync(new URL(file, DATA), 'utf8') }));

export const readText = (name: string): string => readFileSync(new URL(name, DATA), 'utf8');

// biome-ignore lint/suspicious/noExplicitAny: a change may break any rule of the format, types included
export type Change = (document: any) => void;

/** The text of the scenario after a change. */
export function changed(change: Change): string {
  const document = JSON.parse(MICIUS_TEXT);
  change(document);
  return JSON.stringify(document);
}

export function read(change: Change = () => undefined): Scenario {
  return readScenario(changed(change), FILE, readText);
}

/** Demands that the scenario is refused after a change, with this code and this sentence. */
export function refused(change: Change, code: string, message: string | RegExp): void {
  assert.throws(() => read(change), { code, message });
}

/** A value for a parameter of which a test does not care where it comes from. */
export const assumed = (value: unknown) => ({ value, basis: 'assumed', source: 'for this test' });

/** The same figures the other way round: the stations send, the satellite receives. */
export const uplink: Change = (scenario) => {
  scenario.link = 'uplink';
  const [satellite] = scenario.satellites;
  satellite.receiver = structuredClone(scenario.stations[0].receiver);
  satellite.receiver.diameterM.value = 0.3;
  for (const station of scenario.stations) {
    station.transmitter = structuredClone(satellite.transmitter);
    station.ground = { albedo: assumed(0.2), cityRadianceNwCm2Sr: assumed(1) };
    delete station.receiver;
    delete station.measured;
    station.window.maxRangeKm.value = 1500;
  }
  delete satellite.transmitter;
};

export const MICIUS = read();
export const TARGET = MICIUS.satellites[0]!.target;

/** From when to when the scenario is flown. */
export const mission = ({ document: { live } }: Scenario): { fromMs: number; toMs: number } => ({
  fromMs: Date.parse(live!.clock.startUtc),
  toMs: Date.parse(live!.clock.endUtc),
});

export const ALL = scenarioPasses(MICIUS, mission(MICIUS));
export const USEFUL = ALL.filter(({ window }) => window);
/** The pass of which the results were published. */
export const PUBLISHED = ALL.find(({ passId }) => passId === 'micius-beijing-20161219t165214z')!;
