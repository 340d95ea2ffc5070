import { type ReactNode, useEffect, useMemo, useState } from 'react';
import { Devices } from './device-choice.tsx';
import { type DeviceChoice, DeviceError, openCamera, openMicrophone } from './devices.ts';
import { Level } from './level.tsx';
import { Picture } from './picture.tsx';
import { callWords } from './words.ts';

/** Choosing devices before a call, and seeing and hearing that they work. Nothing leaves the page. */
export function TryDevices({
  choice,
  onChoose,
  children,
}: {
  readonly choice: DeviceChoice;
  readonly onChoose: (choice: DeviceChoice) => void;
  /** Stands first. */
  readonly children: ReactNode;
}) {
  const [trying, setTrying] = useState(false);
  const [tracks, setTracks] = useState<readonly MediaStreamTrack[]>([]);
  const [problem, setProblem] = useState<string | null>(null);

  useEffect(() => {
    if (!trying) return;
    let gone = false;
    const opened: MediaStreamTrack[] = [];
    const add = (track: MediaStreamTrack) => {
      if (gone) return track.stop();
      opened.push(track);
      setTracks([...opened]);
    };
    const fail = (error: unknown) => {
      if (!gone && error instanceof DeviceError) setProblem(error.message);
    };
    void openMicrophone(choice).then(add).catch(fail);
    void openCamera(choice).then(add).catch(fail);
    return () => {
      gone = true;
      for (const track of opened) track.stop();
      setTracks([]);
      setProblem(null);
    };
  }, [trying, choice]);

  const voice = useStreamOf(tracks.find(({ kind }) => kind === 'audio') ?? null);
  const picture = useStreamOf(tracks.find(({ kind }) => kind === 'video') ?? null);
  return (
    <details
      className="disclosure call-disclosure"
      onToggle={({ currentTarget }) => !currentTarget.open && setTrying(false)}
    >
      <summary data-testid="call-devices">{callWords.safety.more}</summary>
      {children}
      <Devices choice={choice} onChoose={onChoose} opened={tracks} />
      <div className="call-try">
        <button
          type="button"
          className="button"
          aria-pressed={trying}
          onClick={() => setTrying(!trying)}
          data-testid="call-try"
        >
          {trying ? callWords.devices.tryStop : callWords.devices.try}
        </button>
        <p className="call-hint">{callWords.devices.tryNote}</p>
        {problem !== null && (
          <p className="call-problem" role="status">
            {problem}
          </p>
        )}
        {trying && voice !== null && (
          <Level stream={voice} label={callWords.running.ownLevel} testId="call-level-try" />
        )}
        {trying && picture !== null && (
          <Picture stream={picture} label={callWords.running.own} testId="call-try-picture" className="call-mirror" />
        )}
      </div>
    </details>
  );
}

/** A stream of one track, the same object as long as the track is. */
export function useStreamOf(track: MediaStreamTrack | null): MediaStream | null {
  return useMemo(() => (track === null ? null : new MediaStream([track])), [track]);
}
