import type { ReactNode } from 'react';

/** Signs of the call, drawn like those of `../marks.tsx`: a word always stands with them. */
export type CallIconName =
  | 'camera'
  | 'camera-off'
  | 'devices'
  | 'hang-up'
  | 'microphone'
  | 'microphone-off'
  | 'phone'
  | 'voice';

const CAMERA = 'M3.5 7h11v10h-11zM14.5 11l6-3.5v9l-6-3.5';
const MICROPHONE = 'M12 3.5a3 3 0 0 1 3 3v5a3 3 0 0 1-6 0v-5a3 3 0 0 1 3-3ZM5.5 11.5a6.5 6.5 0 0 0 13 0M12 18v3';
const PHONE =
  'M6.2 3.8h3l1.5 4-2 1.5a12 12 0 0 0 5.9 6l1.6-2 4 1.5v3c0 1-.8 1.7-1.8 1.6A16.6 16.6 0 0 1 4.6 5.6c-.1-1 .6-1.8 1.6-1.8Z';
const STROKE = 'M4 4l16 16';

const PATHS: Record<CallIconName, ReactNode> = {
  camera: <path d={CAMERA} />,
  'camera-off': <path d={`${CAMERA}${STROKE}`} />,
  devices: <path d="M4 7h9M17 7h3M4 17h3M11 17h9M13 4.5v5h4v-5zM7 14.5v5h4v-5z" />,
  'hang-up': <path d={PHONE} transform="rotate(135 12 12)" />,
  microphone: <path d={MICROPHONE} />,
  'microphone-off': <path d={`${MICROPHONE}${STROKE}`} />,
  phone: <path d={PHONE} />,
  voice: <path d="M4 10v4M8 7v10M12 4v16M16 7v10M20 10v4" />,
};

export function CallIcon({ name }: { readonly name: CallIconName }) {
  return (
    <svg className="icon" viewBox="0 0 24 24" aria-hidden="true">
      {PATHS[name]}
    </svg>
  );
}
