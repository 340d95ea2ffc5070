/** What Get status says may be asked for (ETSI GS QKD 014, 6.1), read kindly: its faults are told by the checks on answers. */
import type { Answer } from './exchange.ts';
import { isObject } from './json.ts';

export const REQUIRED_MEMBERS = {
  source_KME_ID: 'string',
  target_KME_ID: 'string',
  master_SAE_ID: 'string',
  slave_SAE_ID: 'string',
  key_size: 'integer',
  stored_key_count: 'integer',
  max_key_count: 'integer',
  max_key_per_request: 'integer',
  max_key_size: 'integer',
  min_key_size: 'integer',
  max_SAE_ID_count: 'integer',
} as const;

export type LimitName =
  | 'key_size'
  | 'stored_key_count'
  | 'max_key_count'
  | 'max_key_per_request'
  | 'max_key_size'
  | 'min_key_size'
  | 'max_SAE_ID_count';

export type Limits = ReadonlyMap<LimitName, number>;

/** Those that can be worked with. Undefined when the answer is no status. */
export function limitsOf({ status, resource, reading: { value } }: Answer): Limits | undefined {
  if (status !== 200 || resource !== 'status' || !isObject(value)) return undefined;
  const limits = new Map<LimitName, number>();
  for (const [name, type] of Object.entries(REQUIRED_MEMBERS)) {
    const number = Number(value[name] ?? Number.NaN);
    const least = name === 'max_SAE_ID_count' || name === 'stored_key_count' ? 0 : 1;
    if (type === 'integer' && Number.isInteger(number) && number >= least) limits.set(name as LimitName, number);
  }
  return limits;
}
