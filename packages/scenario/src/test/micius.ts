/** The shipped scenario, as it is and with one thing changed. */
import { readFileSync } from 'node:fs';
import { readScenario, type Scenario } from '../scenario.ts';

const DATA = new URL('../../data/', import.meta.url);

export const FILE = 'micius-2016-12-19.json';
export const MICIUS_TEXT = readFileSync(new URL(FILE, DATA), 'utf8');
export const CURVE_TEXT = readFileSync(new URL('micius-2017-loss-against-range.csv', DATA), 'utf8');

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

export const MICIUS = read();
