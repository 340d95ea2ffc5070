import { useEffect, useRef } from 'react';

/** A moving picture. Its sound is played elsewhere. */
export function Picture({
  stream,
  label,
  testId,
  className,
}: {
  readonly stream: MediaStream | null;
  readonly label: string;
  readonly testId: string;
  readonly className: string;
}) {
  const video = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    const element = video.current;
    if (element === null) return;
    element.srcObject = stream;
    return () => {
      element.srcObject = null;
    };
  }, [stream]);
  return <video ref={video} className={className} autoPlay playsInline muted aria-label={label} data-testid={testId} />;
}
