/** What agents say to each other: JSON in frames, every field checked. */
import { z } from 'zod';
import { CliError } from '../error.ts';

/** Largest frame, bytes: an ML-KEM-1024 key or ciphertext as base64, and room. */
export const MAX_FRAME_BYTES = 16_384;

const bytes = (most: number) =>
  z
    .base64()
    .max(Math.ceil(most / 3) * 4)
    .transform((text): Uint8Array => new Uint8Array(Buffer.from(text, 'base64')));
const round = z.int().min(1);
const tag = bytes(48);
const text = z.string().max(300);

const message = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('propose'),
    round,
    tunnel: z.enum(['wireguard', 'ipsec']),
    keyIds: z.array(z.uuid()).length(1),
    mlKemPublicKey: bytes(1700),
    point: bytes(64),
  }),
  z.strictObject({ type: z.literal('accept'), round, mlKemCiphertext: bytes(1600), point: bytes(64), tag }),
  z.strictObject({ type: z.literal('confirm'), round, tag }),
  z.strictObject({ type: z.literal('installed'), round, tag }),
  z.strictObject({ type: z.literal('live'), round, evidence: text, tag }),
  z.strictObject({ type: z.literal('works'), round, tag }),
  /** Ends the round at both; `reason` is for people. */
  z.strictObject({ type: z.literal('fail'), round: z.int().min(0), reason: text }),
]);

/** Number and sender travel with each, so that a word can be taken neither twice nor for one's own. */
const envelope = z.strictObject({ number: z.int().min(0), from: z.string().min(1).max(255), message });

export type Message = z.infer<typeof message>;
export type MessageOf<T extends Message['type']> = Extract<Message, { type: T }>;

export function encode(number: number, from: string, said: Message): Uint8Array {
  const readable = Object.fromEntries(
    Object.entries(said).map(([name, value]) => [
      name,
      value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value,
    ]),
  );
  return Buffer.from(JSON.stringify({ number, from, message: readable }));
}

/** @throws CliError `agent/line` */
export function decode(frame: Uint8Array): z.infer<typeof envelope> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(frame));
  } catch (cause) {
    throw new CliError('agent/line', 'the other agent sent something that is not JSON', { cause });
  }
  const read = envelope.safeParse(value);
  if (read.success) return read.data;
  const { path, message: rule } = read.error.issues[0]!;
  throw new CliError('agent/line', `the other agent's message is wrong at ${path.join('.') || 'its top'}: ${rule}`);
}
