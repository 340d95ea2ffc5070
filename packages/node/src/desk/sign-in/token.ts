import { createHash } from 'node:crypto';
import type { RandomBytes } from '../store/seal.ts';

const TOKEN_BYTES = 32;

/** 256 random bits, to be shown once: links, sessions, challenges. 43 letters of base64url. */
export const newToken = (random: RandomBytes): string => Buffer.from(random(TOKEN_BYTES)).toString('base64url');

export const isToken = (text: unknown): text is string => typeof text === 'string' && /^[\w-]{43}$/.test(text);

/** What is kept of a token: enough to know it again, nothing to use it with. */
export const tokenHash = (token: string): string => createHash('sha256').update(token).digest('base64url');
