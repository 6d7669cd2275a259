import { signal } from '@preact/signals';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { placeOf } from './core/link.ts';
import type { Page, PageProperties } from './pages.ts';
import { KeptPage } from './parts/kept-page.tsx';
import { ThemeSwitch } from './parts/theme.tsx';
import { TokenDialog } from './parts/token-dialog.tsx';
import { takeToken } from './token.ts';

const fragment = signal(location.hash);
addEventListener('hashchange', ({ oldURL }) => {
  if (!takeToken(new URL(oldURL).hash)) fragment.value = location.hash;
});
// a page is scrolled to where it was left, however one comes back to it
history.scrollRestoration = 'manual';

const typing = 'input, textarea, select, [contenteditable], dialog';

/** The digits 1, 2, … open pages. */
const openByDigit = (pages: readonly Page[], event: KeyboardEvent): void => {
  // an editor's text is in a shadow of its own, and the event's target is its host
  const isTyping = (event.composedPath()[0] as Element).closest(typing);
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
  const page = pages[Number(event.key) - 1];
  if (page) location.hash = `#/${page.name}`;
};

/** The frame around the pages: the menu, the theme, and the page that the address names. */
export function App({
  pages,
  title = 'unmask studio',
}: {
  readonly pages: readonly Page[];
  readonly title?: string;
}) {
  const { page: name, settings } = placeOf(fragment.value, pages[0].name);
  const page = pages.find((candidate) => candidate.name === name) ?? pages[0];
  const home = useRef<HTMLElement>(null);
  const shown = useRef<{ readonly all: Map<Page, KeptPage>; now?: KeptPage }>({ all: new Map() });
  useLayoutEffect(() => {
    const { all, now } = shown.current;
    const next = all.get(page) ?? new KeptPage(page);
    all.set(page, next);
    if (now !== next) now?.hide();
    shown.current.now = next;
    next.show(home.current!, followed(settings));
  }, [fragment.value]);
  useEffect(() => {
    document.title = `${page.title} · ${title}`;
  }, [page]);
  useEffect(() => {
    const open = (event: KeyboardEvent) => openByDigit(pages, event);
    addEventListener('keydown', open);
    return () => removeEventListener('keydown', open);
  }, [pages]);
  return (
    <>
      <a class="skip" href="#main" onClick={skip}>
        To the page
      </a>
      <header class="top">
        <a class="brand" href={`#/${pages[0].name}`}>
          unmask
        </a>
        <nav aria-label="Pages">
          {pages.map(({ name: other, title }, index) => (
            <a
              key={other}
              href={`#/${other}`}
              aria-current={other === page.name ? 'page' : undefined}
              aria-keyshortcuts={`${index + 1}`}
              title={`The key ${index + 1} opens it, too`}
            >
              {title}
            </a>
          ))}
        </nav>
        <ThemeSwitch />
      </header>
      <main ref={home} id="main" tabIndex={-1} />
      <TokenDialog />
    </>
  );
}

function skip(event: Event): void {
  event.preventDefault();
  document.querySelector<HTMLElement>('#main')?.focus();
}

/**
 * What a link asks for. One is followed once, which its place in the history knows from then on: who comes back there, or
 * loads it again, is to find what became of it.
 */
function followed(settings: PageProperties['settings']): PageProperties {
  const state = history.state as { readonly isFollowed?: boolean } | null;
  if (state?.isFollowed) return { settings, isNew: false };
  history.replaceState({ isFollowed: true }, '');
  return { settings, isNew: true };
}
