import {
  defaultKeymap,
  history,
  historyKeymap,
  isolateHistory,
  redo,
  redoDepth,
  undo,
  undoDepth,
} from '@codemirror/commands';
import { Compartment, EditorState, type Extension } from '@codemirror/state';
import { drawSelection, EditorView, highlightSpecialChars, keymap, type KeyBinding } from '@codemirror/view';

export { isolateHistory, redo, redoDepth, undo, undoDepth };

const theme = EditorView.theme({
  '&': { height: '100%', color: 'var(--ink)', fontSize: '1.02rem' },
  // the sheet around it shows the focus
  '&.cm-focused': { outline: 'none' },
  '.cm-scroller': {
    fontFamily: 'var(--mono)',
    lineHeight: '1.75',
    minHeight: 'var(--least-height)',
    maxHeight: 'var(--most-height)',
    overflow: 'auto',
  },
  // lines are no longer than can be read; beside them a click is one into the text, too
  '.cm-content': {
    padding: '1rem max(1rem, 100% - 49rem) 1rem 1rem',
    caretColor: 'var(--ink)',
    minWidth: '0',
  },
  '.cm-line': { padding: '0', overflowWrap: 'anywhere' },
  '.cm-cursor': { borderLeftColor: 'var(--ink)' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': {
    background: 'color-mix(in srgb, var(--accent) 30%, transparent)',
  },
  '.guess': { background: 'var(--strength-0)' },
  '.unsure': { background: 'var(--strength-1)' },
  '.likely': { background: 'var(--strength-2)' },
  '.guess, .unsure, .likely, .sure': { borderRadius: '0.2em' },
  '.doubt-1, .doubt-2': { boxShadow: 'inset 0 -1.5px var(--doubt)' },
  '.doubt-1': { background: 'color-mix(in srgb, var(--doubt) 26%, var(--panel))' },
  '.doubt-2': { background: 'color-mix(in srgb, var(--doubt) 36%, var(--panel))' },
  '.marked': {
    background: 'color-mix(in srgb, var(--accent) 20%, transparent)',
    boxShadow: 'inset 0 -2px var(--accent)',
  },
  '.mask': {
    display: 'inline-block',
    overflow: 'hidden',
    width: '4ch',
    height: '0.72em',
    marginInline: '0.25ch',
    borderRadius: '0.2em',
    background: 'var(--mask)',
    boxShadow: 'inset 0 0 0 1px var(--mask-edge)',
    color: 'transparent',
    lineHeight: '0.72em',
  },
});

/** A text that a person writes, and what is drawn into it. */
export interface TextEditor {
  readonly view: EditorView;
  /** Whether a person may change the text. */
  setWritable(isWritable: boolean): void;
}

/**
 * An editor in a shadow of its own: its styles are sheets made by script, which the page's content policy allows there and
 * not in the page.
 *
 * @param label  what it is called for screen readers
 */
export function openEditor(
  host: HTMLElement,
  {
    text,
    label,
    keys,
    extensions,
  }: {
    readonly text: string;
    readonly label: string;
    readonly keys: readonly KeyBinding[];
    readonly extensions: Extension;
  },
): TextEditor {
  const root = host.shadowRoot ?? host.attachShadow({ mode: 'open' });
  root.replaceChildren();
  const writable = new Compartment();
  const view = new EditorView({
    root,
    parent: root,
    state: EditorState.create({
      doc: text,
      extensions: [
        history(),
        drawSelection(),
        highlightSpecialChars(),
        EditorView.lineWrapping,
        EditorView.contentAttributes.of({ 'aria-label': label, spellcheck: 'false', tabindex: '0' }),
        keymap.of([...keys, ...defaultKeymap, ...historyKeymap]),
        writable.of([]),
        theme,
        extensions,
      ],
    }),
  });
  return {
    view,
    setWritable(isWritable) {
      view.dispatch({ effects: writable.reconfigure(isWritable ? [] : EditorState.readOnly.of(true)) });
    },
  };
}
