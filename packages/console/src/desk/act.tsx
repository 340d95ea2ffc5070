import { useRef, useState } from 'react';
import { Icon } from '../marks.tsx';
import type { Answer, Command } from './api.ts';

export interface Act {
  /** An answer is awaited. */
  readonly acting: boolean;
  /** Why the last one was refused; null when it was not. */
  readonly refusal: string | null;
  /** Null when another is still awaited: a button pressed twice acts once. */
  readonly act: (path: string, body: unknown) => Promise<Answer | null>;
  readonly forget: () => void;
}

/** One thing a person does, with what it waits for and why it was refused. */
export function useAct(command: Command): Act {
  const [acting, setActing] = useState(false);
  const [refusal, setRefusal] = useState<string | null>(null);
  const busy = useRef(false);
  const act = async (path: string, body: unknown): Promise<Answer | null> => {
    if (busy.current) return null;
    busy.current = true;
    setActing(true);
    const answer = await command(path, body);
    busy.current = false;
    setActing(false);
    setRefusal(answer.ok ? null : answer.error);
    return answer;
  };
  return { acting, refusal, act, forget: () => setRefusal(null) };
}

/** A refusal, said at once. */
export function Refusal({ children, testId }: { readonly children: string | null; readonly testId?: string }) {
  if (children === null) return null;
  return (
    <p className="refusal" role="alert" data-testid={testId}>
      <Icon name="alarm" />
      <span dir="auto">{children}</span>
    </p>
  );
}
