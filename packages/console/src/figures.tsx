import type { ReactNode } from 'react';
import { ABSENT, type Quantity } from './format.ts';

/** A value with its unit, kept together and left to right in every language. */
export function Amount({ of }: { readonly of: Quantity | null }) {
  if (of === null) return <span className="amount">{ABSENT}</span>;
  return (
    <bdi className="amount" dir="ltr">
      <span className="amount-value">{of.value}</span>
      {of.unit !== '' && <span className="amount-unit">{`\u202f${of.unit}`}</span>}
    </bdi>
  );
}

/** One name with one value, in a `<dl>`. */
export function Figure({
  name,
  children,
  testId,
  note,
}: {
  readonly name: string;
  readonly children: ReactNode;
  readonly testId?: string;
  readonly note?: ReactNode;
}) {
  return (
    <div className="figure">
      <dt>{name}</dt>
      <dd data-testid={testId}>
        {children}
        {note !== undefined && <span className="figure-note">{note}</span>}
      </dd>
    </div>
  );
}
