import { type Signal, useSignal } from '@preact/signals';
import type { RefObject } from 'preact';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import { isObject } from '../../src/base/is-object.ts';
import type { PageProperties } from '../pages.ts';
import { draftOf, keepDraft } from '../parts/draft.ts';
import type { Values } from '../parts/field-input.tsx';
import { useFollowed } from '../parts/kept-page.tsx';

/** An editor of a text with what belongs to it, such as its holes. */
interface ContentEditor<Content> {
  /** Puts it into the page. */
  open(host: HTMLElement, content: Content): void;
  /** Has another text in place of this one, which an undo brings back. */
  take(content: Content): Promise<void>;
  readonly content: Content;
}

/** What a page edits. */
interface Contents<Content> {
  /** A text, with what a draft has of what belongs to it. */
  readonly read: (text: string, draft: Values) => Content;
  /** What is there where nobody says what: for a model, or for whichever there is. */
  readonly example: (model: string | undefined) => Content;
  /** Called when another model is chosen. */
  readonly onModel?: (old: string | undefined, model: string) => void;
}

interface EditedText {
  /** Where the editor is put. */
  readonly host: RefObject<HTMLDivElement>;
  readonly model: Signal<string | undefined>;
  readonly options: Signal<Values>;
  readonly choose: (model: string) => void;
}

/** The text, the model and the options of a page: as they were when the tab was loaded last, then as a link asks for. */
export function useText<Content extends object>(
  page: string,
  { settings, isNew }: PageProperties,
  editor: ContentEditor<Content>,
  { read, example, onModel }: Contents<Content>,
): EditedText {
  const host = useRef<HTMLDivElement>(null);
  const draft = useMemo(() => draftOf(page), []);
  const isDrafted = typeof draft.text === 'string';
  const given = isDrafted ? draft : settings;
  const model = useSignal(typeof given.model === 'string' ? given.model : undefined);
  const options = useSignal<Values>(isDrafted && isObject(draft.options) ? draft.options : {});
  const choose = (name: string) => {
    onModel?.(model.value, name);
    model.value = name;
  };
  const follow = ({ model: name, text }: PageProperties['settings']) => {
    if (typeof text === 'string') void editor.take(read(text, {}));
    else if (typeof name === 'string') onModel?.(model.value, name);
    if (typeof name === 'string') model.value = name;
  };
  useEffect(() => {
    const { text } = given;
    editor.open(host.current!, typeof text === 'string' ? read(text, given) : example(model.value));
    if (isDrafted && isNew) follow(settings);
    keepDraft(page, () => ({ ...editor.content, model: model.value, options: options.value }));
  }, []);
  useFollowed(settings, follow);
  return { host, model, options, choose };
}
