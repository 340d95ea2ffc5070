import type { ReactNode } from 'react';

/**
 * Signs drawn in the colour of the text beside them. Never the only carrier of a meaning: a word always stands with
 * them, so they are hidden from assistive technology.
 */
export type IconName =
  | 'alarm'
  | 'arrow'
  | 'attach'
  | 'back'
  | 'camera'
  | 'camera-off'
  | 'check'
  | 'copy'
  | 'cross'
  | 'dark'
  | 'details'
  | 'devices'
  | 'down'
  | 'ear'
  | 'external'
  | 'file'
  | 'hang-up'
  | 'key'
  | 'light'
  | 'lock'
  | 'microphone'
  | 'microphone-off'
  | 'pause'
  | 'pen'
  | 'person'
  | 'phone'
  | 'play'
  | 'save'
  | 'search'
  | 'send'
  | 'skip'
  | 'system'
  | 'twice'
  | 'voice'
  | 'wait';

const CAMERA = 'M3.5 7h11v10h-11zM14.5 11l6-3.5v9l-6-3.5';
const MICROPHONE = 'M12 3.5a3 3 0 0 1 3 3v5a3 3 0 0 1-6 0v-5a3 3 0 0 1 3-3ZM5.5 11.5a6.5 6.5 0 0 0 13 0M12 18v3';
const PHONE =
  'M6.2 3.8h3l1.5 4-2 1.5a12 12 0 0 0 5.9 6l1.6-2 4 1.5v3c0 1-.8 1.7-1.8 1.6A16.6 16.6 0 0 1 4.6 5.6c-.1-1 .6-1.8 1.6-1.8Z';
const STROKE = 'M4 4l16 16';

const PATHS: Record<IconName, ReactNode> = {
  alarm: <path d="M12 4.5 21 20H3L12 4.5ZM12 10v4.5M12 17.2v.1" />,
  arrow: <path d="M5 12h14M13 6l6 6-6 6" />,
  attach: (
    <path d="m20 11.5-8.2 8.2a5 5 0 0 1-7.1-7.1l8.6-8.6a3.3 3.3 0 0 1 4.7 4.7l-8.5 8.5a1.6 1.6 0 0 1-2.3-2.3l7.8-7.8" />
  ),
  back: <path d="M19 12H5M11 6l-6 6 6 6" />,
  camera: <path d={CAMERA} />,
  'camera-off': <path d={`${CAMERA}${STROKE}`} />,
  check: <path d="m5 12.5 4.5 4.5L19 7.5" />,
  copy: <path d="M9 9h11v11H9zM15 9V4H4v11h5" />,
  cross: <path d="m6 6 12 12M18 6 6 18" />,
  dark: <path d="M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5Z" />,
  details: <path d="M12 3.5 19 6v6c0 4.2-2.9 7-7 8.5C7.9 19 5 16.2 5 12V6l7-2.5ZM12 11.5v4.5M12 8.2v.1" />,
  devices: <path d="M4 7h9M17 7h3M4 17h3M11 17h9M13 4.5v5h4v-5zM7 14.5v5h4v-5z" />,
  down: <path d="M12 5v14M6 13l6 6 6-6" />,
  ear: (
    <path d="M7 9a5.5 5.5 0 0 1 11 0c0 4-4 4.5-4 8a3.5 3.5 0 0 1-6.2 2.2M10 9.5a2.5 2.5 0 0 1 5 0c0 2-2.5 2-2.5 4" />
  ),
  external: <path d="M10 5H5v14h14v-5M14 5h5v5M19 5l-8 8" />,
  file: <path d="M6 3.5h8l4.5 4.5v12.5H6zM13.5 3.5V8.5h5" />,
  'hang-up': <path d={PHONE} transform="rotate(135 12 12)" />,
  key: <path d="M14.5 9.5a4 4 0 1 1-8 0 4 4 0 0 1 8 0ZM13.5 12.5 20 19M17 16l-2 2" />,
  light: (
    <path d="M16 12a4 4 0 1 1-8 0 4 4 0 0 1 8 0ZM12 3v2M12 19v2M3 12h2M19 12h2M5.6 5.6 7 7M17 17l1.4 1.4M5.6 18.4 7 17M17 7l1.4-1.4" />
  ),
  lock: <path d="M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3" />,
  microphone: <path d={MICROPHONE} />,
  'microphone-off': <path d={`${MICROPHONE}${STROKE}`} />,
  pause: <path d="M8 5v14M16 5v14" />,
  pen: <path d="m5 19 1-4L16.5 4.5l3 3L9 18l-4 1ZM13 21h7" />,
  person: <path d="M16 8a4 4 0 1 1-8 0 4 4 0 0 1 8 0ZM4.5 20.5a7.5 7.5 0 0 1 15 0" />,
  phone: <path d={PHONE} />,
  play: <path d="M7 4.8v14.4L19 12 7 4.8Z" />,
  save: <path d="M12 4v11M7 10.5l5 5 5-5M5 20h14" />,
  search: <path d="M17 10.5a6.5 6.5 0 1 1-13 0 6.5 6.5 0 0 1 13 0ZM15.3 15.3 20.5 20.5" />,
  send: <path d="M4 12 20 4.5 15 20l-3.5-6.5L4 12Z" />,
  skip: <path d="M5 5v14l9-7-9-7ZM18 5v14" />,
  system: <path d="M4 5h16v11H4zM9 20h6M12 16v4" />,
  twice: <path d="m2.5 12.5 4.5 4.5 9.5-9.5M12 17l9.5-9.5" />,
  voice: <path d="M4 10v4M8 7v10M12 4v16M16 7v10M20 10v4" />,
  wait: <path d="M20 12a8 8 0 1 1-16 0 8 8 0 0 1 16 0ZM12 7.5V12l3 2" />,
};

export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg className="icon" viewBox="0 0 24 24" aria-hidden="true">
      {PATHS[name]}
    </svg>
  );
}

/** Shapes of states: an open ring for rest, a disc for work, a triangle for an alarm. */
export type Shape = 'ring' | 'disc' | 'triangle';

export function StateMark({ shape }: { readonly shape: Shape }) {
  return (
    <svg className="state-mark" viewBox="0 0 12 12" aria-hidden="true">
      {shape === 'ring' && <circle cx="6" cy="6" r="4" fill="none" stroke="currentColor" strokeWidth="1.8" />}
      {shape === 'disc' && <circle cx="6" cy="6" r="4.9" fill="currentColor" />}
      {shape === 'triangle' && <path d="M6 .9 11.6 11H.4Z" fill="currentColor" />}
    </svg>
  );
}

export type Tone = 'muted' | 'ok' | 'accent' | 'warning' | 'bad';

/** A state: shape, word and colour together. */
export function Pill({
  shape,
  tone,
  children,
  testId,
}: {
  readonly shape: Shape;
  readonly tone: Tone;
  readonly children: ReactNode;
  readonly testId?: string;
}) {
  return (
    <span className="pill" data-tone={tone} data-testid={testId}>
      <StateMark shape={shape} />
      <span>{children}</span>
    </span>
  );
}

/** The satellite, its beam and the ground it reaches. */
export function Emblem() {
  return (
    <svg className="emblem" viewBox="0 0 32 32" aria-hidden="true">
      <path
        d="M4 27a12.5 12.5 0 0 1 24 0"
        fill="none"
        className="emblem-earth"
        strokeWidth="2.2"
        strokeLinecap="round"
      />
      <path
        d="M20.5 9.5 13.5 20"
        fill="none"
        className="emblem-beam"
        strokeWidth="2.2"
        strokeLinecap="round"
        strokeDasharray="0.1 4"
      />
      <circle cx="22" cy="7.5" r="3.4" className="emblem-satellite" />
      <circle cx="12.6" cy="21.6" r="2.3" className="emblem-station" />
    </svg>
  );
}
