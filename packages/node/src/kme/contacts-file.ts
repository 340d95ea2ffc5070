/**
 * Contacts to come of the quantum links of a network, made by whoever plans them: `skykey-contacts/1`.
 *
 *     {
 *       "format": "skykey-contacts/1",
 *       "untilMs": 1767312000000,
 *       "contacts": [
 *         { "link": "fibre-7", "startMs": …, "endMs": …, "readyMs": …, "bits": [120000, 118000, 0] }, …
 *       ]
 *     }
 *
 * Times are UTC in milliseconds since 1970. `bits`: key that comes into the vaults of both ends, in realisations that are all
 * as likely; the same place in every contact is the same weather.
 */
import { Forecaster, KmeError, type Topology } from '@skykey/kme';
import { z } from 'zod';
import { loadConfiguration } from '../configuration.ts';
import { NodeError } from '../error.ts';
import type { ContactPlan } from './outlook.ts';

const TIME = 'a time in milliseconds since 1970';
const time = z.number(TIME).min(0, TIME);
const REALISATIONS = 'a list of 1 to 1000 numbers of bits, 0 or more';
const MOST_CONTACTS = 10_000;
const LIST = `a list of at most ${MOST_CONTACTS} contacts`;

const contactsFile = z.strictObject({
  format: z.literal('skykey-contacts/1'),
  /** Nothing is known of what comes later. */
  untilMs: time,
  contacts: z
    .array(
      z.strictObject({
        link: z.string('the id of a link'),
        startMs: time,
        endMs: time,
        /** When both ends have the key. */
        readyMs: time,
        bits: z
          .array(z.number(REALISATIONS).min(0, REALISATIONS), REALISATIONS)
          .min(1, REALISATIONS)
          .max(1000, REALISATIONS),
      }),
      LIST,
    )
    .max(MOST_CONTACTS, LIST),
});

/** Throws NodeError with the file, the field and what would be right. */
export function loadContacts(file: string, topology: Topology): ContactPlan {
  const { untilMs, contacts: listed } = loadConfiguration(file, contactsFile);
  const contacts = listed.map(({ bits, ...contact }) => ({ ...contact, bits: Float64Array.from(bits) }));
  try {
    new Forecaster({ topology, contacts, nowMs: 0, untilMs });
  } catch (error) {
    if (!(error instanceof KmeError)) throw error;
    throw new NodeError('node/contacts', `${file}: ${error.message}`, { cause: error });
  }
  return { contacts, untilMs };
}
