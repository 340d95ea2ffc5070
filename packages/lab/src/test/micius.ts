/** The shipped scenario of the studies. */
import { readFileSync } from 'node:fs';
import { readScenario, type Scenario } from '@skykey/scenario';
import { type LabLink, type LinkRequest, labLink } from '../link.ts';

const DATA = new URL('../../../scenario/data/', import.meta.url);

export function micius(): Scenario {
  const readText = (file: string): string => readFileSync(new URL(file, DATA), 'utf8');
  return readScenario(readText('micius-2016-12-19.json'), 'micius-2016-12-19', readText);
}

export const miciusLink = (request: Partial<LinkRequest> = {}): LabLink =>
  labLink({ scenario: micius(), fromMs: Date.parse('2016-12-19T00:00:00Z'), ...request });
