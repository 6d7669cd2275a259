import { type ComponentType, createContext, render } from 'preact';
import { useContext, useEffect, useRef } from 'preact/hooks';
import type { Page, PageProperties } from '../pages.ts';
import { Trouble } from './trouble.tsx';

/** Whether the page that a component belongs to is shown. */
const Shown = createContext(true);

/**
 * Does something while a page is shown: what listens to the document, or asks again and again, ends when the page is left,
 * and begins anew when one comes back.
 *
 * @param doIt    returns what ends it
 * @param inputs  it is done anew where one of these is another
 */
export function useWhileShown(doIt: () => void | (() => void), inputs: readonly unknown[] = []): void {
  const isShown = useContext(Shown);
  useEffect(() => (isShown ? doIt() : undefined), [isShown, ...inputs]);
}

/** Sets a page that is there already as a link asks for that leads to it. */
export function useFollowed(
  settings: PageProperties['settings'],
  set: (settings: PageProperties['settings']) => void,
): void {
  const known = useRef(settings);
  useEffect(() => {
    if (settings === known.current) return;
    known.current = settings;
    set(settings);
  }, [settings]);
}

/**
 * A page that was opened: it is made once and lives as long as the tab. While another one is shown its element is out of the
 * document, with all that was made on it, and what writes goes on.
 */
export class KeptPage {
  readonly #page: Page;
  readonly #element = document.createElement('div');
  #content: ComponentType<PageProperties> | undefined;
  #problem: unknown;
  #properties: PageProperties = { settings: {}, isNew: true };
  #isShown = false;
  #scrollBack = (): void => scrollTo(0, 0);

  constructor(page: Page) {
    this.#page = page;
    this.#element.className = 'page';
  }

  /**
   * Puts it into the document as it was left.
   *
   * @param link  a link that leads there; where the page is there already, only one that is new sets it
   */
  show(home: Element, link: PageProperties): void {
    const isMade = this.#content !== undefined;
    if (!isMade || (link.isNew && Object.keys(link.settings).length > 0)) this.#properties = link;
    if (!isMade) void this.#load();
    this.#isShown = true;
    this.#draw();
    if (this.#element.isConnected) return;
    home.replaceChildren(this.#element);
    this.#scrollBack();
  }

  /** Takes it out of the document. */
  hide(): void {
    this.#scrollBack = scrollingBack(this.#element);
    this.#isShown = false;
    this.#draw();
    this.#element.remove();
  }

  async #load(): Promise<void> {
    this.#problem = undefined;
    try {
      this.#content = (await this.#page.load()).default;
    } catch (problem) {
      this.#problem = problem;
    }
    this.#draw();
  }

  #draw(): void {
    const Content = this.#content;
    const { settings, isNew } = this.#properties;
    render(
      <Shown.Provider value={this.#isShown}>
        {Content && <Content settings={settings} isNew={isNew} />}
        {!Content && this.#problem === undefined && <p class="quiet">Loading …</p>}
        {!Content && <Trouble error={this.#problem} />}
      </Shown.Provider>,
      this.#element,
    );
  }
}

/** How far a page and what is in it are scrolled. @returns what scrolls them there again: who was at the end is at the end */
function scrollingBack(page: Element): () => void {
  const places = [...elementsIn(page)]
    .filter(({ scrollTop, scrollLeft }) => scrollTop !== 0 || scrollLeft !== 0)
    .map((element) => {
      const { scrollTop: top, scrollLeft: left, clientHeight, scrollHeight } = element;
      return { element, top, left, isAtEnd: top > 0 && top + clientHeight >= scrollHeight - 1 };
    });
  const [x, y] = [scrollX, scrollY];
  return () => {
    for (const { element, top, left, isAtEnd } of places)
      element.scrollTo({ top: isAtEnd ? element.scrollHeight : top, left, behavior: 'instant' });
    scrollTo({ top: y, left: x, behavior: 'instant' });
  };
}

/** All elements in one, those in a shadow among them. */
function* elementsIn(root: ParentNode): Generator<Element> {
  for (const element of root.querySelectorAll('*')) {
    yield element;
    if (element.shadowRoot) yield* elementsIn(element.shadowRoot);
  }
}
