/** Shipped scenarios, as they are and with something changed. */
import { readFileSync } from 'node:fs';
import { readScenario, type Scenario } from '@skykey/scenario';

const DATA = new URL('../../../scenario/data/', import.meta.url);

// biome-ignore lint/suspicious/noExplicitAny: a change may touch any part of the document
export type Change = (document: any) => void;

export function shipped(name: string, change: Change = () => undefined): Scenario {
  const readText = (file: string): string => readFileSync(new URL(file, DATA), 'utf8');
  const document = JSON.parse(readText(`${name}.json`));
  change(document);
  return readScenario(JSON.stringify(document), name, readText);
}

export const assumed = (value: unknown) => ({ value, basis: 'assumed', source: 'for this test' });

/** Stations and a satellite of December 2016, `days` from the 17th on. */
export const december = (days: number) => ({
  fromMs: Date.parse('2016-12-17T00:00:00Z'),
  toMs: Date.parse('2016-12-17T00:00:00Z') + days * 86_400_000,
});
