import { audioContext } from './levels.ts';

/** Two tones a fifth apart for somebody who calls; one for the call that rings over there (ITU-T E.180: 425 Hz). */
const TONES = { incoming: [659, 988], outgoing: [425] } as const;
const GAIN = 0.06;
const SOUNDS_S = 1;
const EVERY_MS = { incoming: 3000, outgoing: 5000 };

/**
 * Rings until the returned function is called. A browser that has not been touched yet plays nothing; the page shows the
 * call in any case.
 */
export function ring(kind: 'incoming' | 'outgoing'): () => void {
  if (navigator.userActivation?.hasBeenActive === false) return () => undefined;
  let context: AudioContext;
  try {
    context = audioContext();
  } catch {
    return () => undefined;
  }
  const gain = context.createGain();
  gain.gain.value = 0;
  gain.connect(context.destination);
  const tones = TONES[kind].map((hertz) => {
    const tone = context.createOscillator();
    tone.frequency.value = hertz;
    tone.connect(gain);
    tone.start();
    return tone;
  });
  const sound = () => {
    const now = context.currentTime;
    gain.gain.cancelScheduledValues(now);
    gain.gain.setTargetAtTime(GAIN, now, 0.02);
    gain.gain.setTargetAtTime(0, now + SOUNDS_S, 0.05);
  };
  sound();
  const timer = setInterval(sound, EVERY_MS[kind]);
  return () => {
    clearInterval(timer);
    for (const tone of tones) tone.stop();
    gain.disconnect();
  };
}
