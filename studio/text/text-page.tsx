import type { ComponentChildren, RefObject } from 'preact';
import { Trouble } from '../parts/trouble.tsx';

/**
 * A page that is an editor: what is done with the text above it and how it stands below, in one sheet as high as the window
 * allows; beside it what is found in the text, which has its room from the beginning, and how it is set.
 */
export function TextPage({
  title,
  says,
  host,
  tools,
  foot,
  problem,
  found,
  settings,
}: {
  readonly title: string;
  /** What one does here, in a sentence. */
  readonly says: string;
  /** Where the editor is put. */
  readonly host: RefObject<HTMLDivElement>;
  readonly tools: ComponentChildren;
  /** One line. */
  readonly foot: ComponentChildren;
  readonly problem: unknown;
  /** What there is in the text, as a list; its title is its name. */
  readonly found: ComponentChildren;
  readonly settings: ComponentChildren;
}) {
  return (
    <div class="texts">
      <div class="page-head">
        <h1>{title}</h1>
        <p class="quiet">{says}</p>
      </div>
      <div class="work">
        <div class="sheet">
          {tools}
          <div ref={host} class="editor" />
          <div class="foot">{foot}</div>
        </div>
        <Trouble error={problem} />
      </div>
      <aside class="panel" aria-label="In the text, and settings">
        <div class="found">{found}</div>
        <div class="settings">{settings}</div>
      </aside>
    </div>
  );
}
