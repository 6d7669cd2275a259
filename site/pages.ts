import type { Page } from '../studio/pages.ts';

/** The pages of the site: those of the studio that need no server, and two of its own. */
export const pages: readonly Page[] = [
  { name: 'start', title: 'Start', load: () => import('./start/page.tsx') },
  { name: 'write', title: 'Write', load: () => import('../studio/write/page.tsx') },
  { name: 'fill', title: 'Fill', load: () => import('../studio/fill/page.tsx') },
  { name: 'edit', title: 'Edit', load: () => import('../studio/edit/page.tsx') },
  { name: 'chat', title: 'Chat', load: () => import('../studio/chat/page.tsx') },
  { name: 'train', title: 'Train', load: () => import('./train/page.tsx') },
];
