import type { ReactNode } from 'react';

/** Signs of the desk, drawn as those of `marks.tsx`: in the colour of the text beside them, never without a word. */
export type SignName =
  | 'attach'
  | 'copy'
  | 'details'
  | 'down'
  | 'file'
  | 'pen'
  | 'person'
  | 'save'
  | 'search'
  | 'sent'
  | 'twice';

const PATHS: Record<SignName, ReactNode> = {
  attach: (
    <path d="m20 11.5-8.2 8.2a5 5 0 0 1-7.1-7.1l8.6-8.6a3.3 3.3 0 0 1 4.7 4.7l-8.5 8.5a1.6 1.6 0 0 1-2.3-2.3l7.8-7.8" />
  ),
  copy: <path d="M9 9h11v11H9zM15 9V4H4v11h5" />,
  details: <path d="M12 3.5 19 6v6c0 4.2-2.9 7-7 8.5C7.9 19 5 16.2 5 12V6l7-2.5ZM12 11.5v4.5M12 8.2v.1" />,
  down: <path d="M12 5v14M6 13l6 6 6-6" />,
  file: <path d="M6 3.5h8l4.5 4.5v12.5H6zM13.5 3.5V8.5h5" />,
  pen: <path d="m5 19 1-4L16.5 4.5l3 3L9 18l-4 1ZM13 21h7" />,
  person: <path d="M16 8a4 4 0 1 1-8 0 4 4 0 0 1 8 0ZM4.5 20.5a7.5 7.5 0 0 1 15 0" />,
  save: <path d="M12 4v11M7 10.5l5 5 5-5M5 20h14" />,
  search: <path d="M17 10.5a6.5 6.5 0 1 1-13 0 6.5 6.5 0 0 1 13 0ZM15.3 15.3 20.5 20.5" />,
  sent: <path d="m5 12.5 4.5 4.5L19 7.5" />,
  twice: <path d="m2.5 12.5 4.5 4.5 9.5-9.5M12 17l9.5-9.5" />,
};

export function Sign({ name }: { readonly name: SignName }) {
  return (
    <svg className="icon" viewBox="0 0 24 24" aria-hidden="true">
      {PATHS[name]}
    </svg>
  );
}
