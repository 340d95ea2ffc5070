import type { ReactNode } from 'react';
import { createRoot } from 'react-dom/client';
import { still } from './frames.ts';
import { applyTheme, rememberedTheme } from './theme.ts';
import { words } from './words.ts';

/** Puts a view on the page, in the remembered theme. A view that fails says so; an empty page says nothing. */
export function mount(view: ReactNode): void {
  applyTheme(rememberedTheme());
  if (still) document.documentElement.dataset.still = '';
  const root = document.getElementById('root')!;
  const onUncaughtError = (error: unknown) => {
    console.error(error);
    const notice = document.createElement('p');
    notice.className = 'failure';
    notice.role = 'alert';
    notice.textContent = words.failure;
    root.replaceChildren(notice);
  };
  createRoot(root, { onUncaughtError }).render(view);
}
