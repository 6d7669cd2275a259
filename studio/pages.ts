import type { ComponentType } from 'preact';

/** What a page is given. */
export interface PageProperties {
  /** What the link that opened it asks for. */
  readonly settings: Readonly<Record<string, unknown>>;
}

/** A page of the studio: its code is loaded when it is opened. */
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
