/** What two desks have pinned, as a file that operators read and sign off: `skykey-line-policy/1`. */
import { readFileSync } from 'node:fs';
import { checkPolicy, type LinePolicy } from '@skykey/hotline';
import { z } from 'zod';
import { NodeError } from '../error.ts';

const FORMAT = 'skykey-line-policy/1';
const eachWay = z.strictObject({ 1: z.number(), 2: z.number() });

const document = z.strictObject({
  format: z.literal(FORMAT),
  greenHours: z.number(),
  bitsPerHour: eachWay,
  authenticationFloorBits: z.number(),
  qkdRequired: z.strictObject({ text: z.boolean(), file: z.boolean(), media: z.boolean() }),
  redAllows: z.strictObject({ hybridText: z.boolean(), media: z.boolean() }),
  mediaRekeySeconds: z.strictObject({ green: z.number(), amber: z.number() }),
  approvalsNeeded: z.number(),
  approvalMinutes: z.number(),
  /** A minute takes 1.92 Mbit of each direction: `bitsPerHour` must be at least 80,000 times this. 0 allows none. */
  voicePadMinutesPerDay: z.number(),
  emergencyPadTexts: z.number(),
  retentionDays: z.number().nullable(),
});

export function linePolicyDocument(policy: LinePolicy): object {
  return { format: FORMAT, ...policy };
}

/** Throws NodeError with the file, the field and what would be right. */
export function readLinePolicy(file: string): LinePolicy {
  const refuse = (why: string, cause?: unknown): NodeError =>
    new NodeError('desk/policy', `the policy of the line, ${file}: ${why}`, { cause });
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw refuse(`cannot be read: ${(error as Error).message}`, error);
  }
  const result = document.safeParse(json);
  if (!result.success) {
    const [issue] = result.error.issues;
    throw refuse(`${issue!.path.join('.') || 'the document'}: ${issue!.message}`);
  }
  const { format: _, ...policy } = result.data;
  try {
    checkPolicy(policy);
  } catch (error) {
    throw refuse((error as Error).message, error);
  }
  return policy;
}
