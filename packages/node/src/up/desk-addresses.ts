/** Where the desks are, and how the first persons come in. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Link } from '../desk/sign-in/index.ts';
import type { Plan } from './provision.ts';

export interface DeskAddress {
  readonly siteId: string;
  readonly url: string;
  /** Each works once, for 24 hours; none as soon as somebody is enrolled. */
  readonly enrolment: readonly Link[];
}

export function deskAddresses({ data, ports, processes }: Plan): readonly DeskAddress[] {
  const sites = processes.filter(({ role }) => role === 'site').map(({ name }) => name);
  return sites.map((siteId, index) => {
    const file = join(data, `${siteId}.enrol.json`);
    const enrolment = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Link[]) : [];
    return { siteId, url: `http://localhost:${ports.desk(index)}/`, enrolment };
  });
}
