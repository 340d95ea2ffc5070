import type { LineLevel } from '@skykey/telemetry';

/** Four shapes for four states: disc, diamond, square, triangle with a mark of exclamation. */
export function LevelMark({ level }: { readonly level: LineLevel }) {
  return (
    <svg className="level-mark" viewBox="0 0 16 16" aria-hidden="true">
      {level === 'green' && <circle cx="8" cy="8" r="6.4" />}
      {level === 'amber' && <path d="M8 .8 15.2 8 8 15.2.8 8Z" />}
      {level === 'red' && <rect x="1.8" y="1.8" width="12.4" height="12.4" rx="1" />}
      {level === 'black' && (
        <path fillRule="evenodd" d="M8 .6 15.8 15H.2ZM7.1 5.6l.3 4.6h1.2l.3-4.6ZM7.1 11.4v1.7h1.8v-1.7Z" />
      )}
    </svg>
  );
}
