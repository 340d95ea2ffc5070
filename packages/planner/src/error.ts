/** What can be wrong with a plan. */
export type PlannerErrorCode = 'planner/interval' | 'planner/parameter' | 'planner/weather' | 'planner/candidate';

/** The one error of this package; the message names what is wrong and what would be right. */
export class PlannerError extends Error {
  override readonly name = 'PlannerError';
  readonly code: PlannerErrorCode;

  constructor(code: PlannerErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** Demands a number of a closed interval; `whole` for counts. */
export function demand(field: string, value: number, low: number, high: number, whole?: 'whole'): void {
  if (value >= low && value <= high && (!whole || Number.isSafeInteger(value))) return;
  const kind = whole ? 'a whole number' : 'a number';
  throw new PlannerError('planner/parameter', `${field} is ${value}; it must be ${kind} from ${low} to ${high}`);
}
