/** Every check, in the order in which they run. */
import type { Check } from './check.ts';
import { answerRules } from './checks/answers.ts';
import { DECIDED_KEYS } from './checks/decided-keys.ts';
import { DECIDED_REQUESTS } from './checks/decided-requests.ts';
import { GET_KEY } from './checks/get-key.ts';
import { KEY_IDS } from './checks/key-ids.ts';
import { MULTICAST } from './checks/multicast.ts';
import { STATUS } from './checks/status.ts';
import { FIRST, TRANSPORT } from './checks/transport.ts';

/** The rules on all answers come last, when all answers are there. */
export const CATALOGUE: readonly Check[] = [
  FIRST,
  ...STATUS,
  ...GET_KEY,
  ...KEY_IDS,
  ...MULTICAST,
  ...TRANSPORT,
  ...DECIDED_REQUESTS,
  ...DECIDED_KEYS,
  ...answerRules().map(
    ({ id, level, clause, basis, sentence }): Check => ({
      ...{ id, level, clause, basis, sentence },
      run: ({ session }) => session.answers.finding(id),
    }),
  ),
];
