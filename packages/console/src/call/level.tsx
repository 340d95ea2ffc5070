import { useEffect, useRef } from 'react';
import { audioContext, LevelMeter } from './levels.ts';

const READ_MS = 100;
/** Steps of the meter that assistive technology is told. */
const PER_CENT = 100;

/** How loud a stream is, as a bar that follows it. */
export function Level({
  stream,
  label,
  testId,
}: {
  readonly stream: MediaStream | null;
  readonly label: string;
  readonly testId: string;
}) {
  const meter = useRef<HTMLDivElement>(null);
  const bar = useRef<SVGRectElement>(null);

  useEffect(() => {
    const show = (share: number) => {
      bar.current?.setAttribute('width', (share * PER_CENT).toFixed(1));
      meter.current?.setAttribute('aria-valuenow', String(Math.round(share * PER_CENT)));
    };
    show(0);
    if (stream === null || stream.getAudioTracks().length === 0) return;
    const listening = new LevelMeter(audioContext(), stream);
    let shown = 0;
    const timer = setInterval(() => {
      // Falls slower than it rises, so that a syllable can be seen.
      shown = Math.max(listening.read(), shown * 0.7);
      show(shown);
    }, READ_MS);
    return () => {
      clearInterval(timer);
      listening.close();
      show(0);
    };
  }, [stream]);

  return (
    // biome-ignore lint/a11y/useSemanticElements: a `meter` element cannot be coloured by tokens in every browser
    <div
      className="call-level"
      ref={meter}
      role="meter"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={PER_CENT}
      aria-valuenow={0}
      data-testid={testId}
    >
      <svg viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">
        <rect className="call-level-ground" width="100" height="4" />
        <rect className="call-level-bar" ref={bar} width="0" height="4" />
      </svg>
    </div>
  );
}
