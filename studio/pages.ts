import type { ComponentType } from 'preact';

/** What a page is given. */
export interface PageProperties {
  /** What the link that opened it asks for; another object once another link leads there. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Whether the link is followed for the first time. When a tab is loaded again, what was typed since counts for more. */
  readonly isNew: boolean;
}

/** A page of the studio: its code is loaded when it is opened, and it is kept from then on (`parts/kept-page.tsx`). */
export interface Page {
  readonly name: string;
  readonly title: string;
  readonly load: () => Promise<{ readonly default: ComponentType<PageProperties> }>;
}

/** All pages, in the order of the menu; the digits 1, 2, … open them. */
export const pages: readonly Page[] = [
  { name: 'write', title: 'Write', load: () => import('./write/page.tsx') },
  { name: 'fill', title: 'Fill', load: () => import('./fill/page.tsx') },
  { name: 'edit', title: 'Edit', load: () => import('./edit/page.tsx') },
  { name: 'chat', title: 'Chat', load: () => import('./chat/page.tsx') },
  { name: 'train', title: 'Train', load: () => import('./train/page.tsx') },
  { name: 'claims', title: 'Claims', load: () => import('./claims/page.tsx') },
  { name: 'models', title: 'Models', load: () => import('./models/page.tsx') },
];
