import { useEffect, useRef, useState } from 'react';
import { Refusal } from '../act.tsx';
import { words } from '../words.ts';

/** What stands before the oldest message drawn: the way to earlier ones, or that there are none. */
export function Earlier({
  more,
  onEarlier,
  onEnd,
}: {
  readonly more: boolean;
  /** Resolves to a refusal, or to null. */
  readonly onEarlier: () => Promise<string | null>;
  /** The button is gone with the last page; who pressed it must not lose the place. */
  readonly onEnd: () => void;
}) {
  const [loading, setLoading] = useState(false);
  const [refusal, setRefusal] = useState<string | null>(null);
  const pressed = useRef(false);
  // biome-ignore lint/correctness/useExhaustiveDependencies: when the last page has come
  useEffect(() => {
    if (more || !pressed.current) return;
    pressed.current = false;
    onEnd();
  }, [more]);
  if (!more) return <p className="earlier">{words.conversation.beginning}</p>;
  const load = async () => {
    if (loading) return;
    pressed.current = true;
    setLoading(true);
    setRefusal(await onEarlier());
    setLoading(false);
  };
  return (
    <div className="earlier">
      <button type="button" className="button" aria-busy={loading} data-testid="earlier" onClick={() => void load()}>
        {loading ? words.conversation.earlierLoading : words.conversation.earlier}
      </button>
      <Refusal>{refusal}</Refusal>
    </div>
  );
}
