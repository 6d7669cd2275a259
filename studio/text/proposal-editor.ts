import type { Extension } from '@codemirror/state';
import { EditorView, type KeyBinding } from '@codemirror/view';
import { signal } from '@preact/signals';
import { isAbort } from '../client.ts';
import { isolateHistory, openEditor, redo, redoDepth, type TextEditor, undo, undoDepth } from './editor.ts';
import {
  accepting,
  type Answers,
  Chips,
  dropping,
  type Proposal,
  proposalsField,
  proposing,
  putting,
} from './proposals.ts';

/** How an editor with proposals is put into the page. */
export interface EditorOptions {
  readonly text: string;
  /** What it is called for screen readers. */
  readonly label: string;
  readonly keys: readonly KeyBinding[];
  /** Whether the old text stays to be seen beside what is proposed. */
  readonly keepsOld: boolean;
  readonly extensions?: Extension;
}

/** What else but a person who writes changes the text. */
const answering = ['input.accept', 'undo', 'redo'];

/** A text in an editor, and what a model proposes to stand in it. One work at a time is done on it, while nobody types. */
export abstract class ProposalEditor {
  readonly proposals = signal<readonly Proposal[]>([]);
  readonly isBusy = signal(false);
  readonly problem = signal<unknown>(undefined);
  /** What came of the last work, in a sentence, which screen readers say. */
  readonly news = signal('');
  /** What is being done, in words, while something is. */
  readonly doing = signal('');
  readonly canUndo = signal(false);
  readonly canRedo = signal(false);
  protected readonly chips = new Chips();
  protected nextId = 0;
  #editor: TextEditor | undefined;
  readonly #answers: Answers = {
    accept: (one) => this.isBusy.value || this.accept([one]),
    reject: (one) => this.isBusy.value || this.reject([one]),
  };
  #aborting: AbortController | undefined;
  /** Ends with the work that is done, or was done last. */
  #working: Promise<void> = Promise.resolve();
  #action: () => void = () => {};
  /** Proposals that are to be accepted or rejected. */
  #left = 0;

  /** What the key for the main action does. */
  onAction(action: () => void): void {
    this.#action = action;
  }

  focus(): void {
    this.view.focus();
  }

  slice({ from, to }: { readonly from: number; readonly to: number }): string {
    return this.view.state.sliceDoc(from, to);
  }

  accept(proposals: readonly Proposal[]): void {
    this.view.dispatch(accepting(proposals.filter(({ text }) => text !== undefined)));
    this.focus();
  }

  /** The old text stands there again. */
  reject(proposals: readonly Proposal[]): void {
    this.view.dispatch(dropping(proposals.map(({ id }) => id)));
    this.focus();
  }

  stop(): void {
    this.#aborting?.abort();
  }

  undo(): void {
    undo(this.view);
    this.focus();
  }

  redo(): void {
    redo(this.view);
    this.focus();
  }

  /** The text as it stands, whatever is proposed for it. */
  get text(): string {
    return this.view.state.doc.toString();
  }

  /**
   * Puts another text in place of all, once no work is done on this one; an undo brings back this one, and what was proposed.
   *
   * @param proposals  of the new text
   */
  async replace(text: string, proposals: readonly Proposal[] = []): Promise<void> {
    this.stop();
    await this.#working;
    const old = this.placed.map(({ id }) => id);
    this.view.dispatch(
      {
        ...dropping(old),
        changes: { from: 0, to: this.text.length, insert: text },
        annotations: isolateHistory.of('full'),
      },
      { ...putting(proposals, true), sequential: true },
    );
  }

  /** A stretch with the whole of the words that it begins and ends in; where it is empty, the word that is there. */
  protected wordsOf({ from, to }: { readonly from: number; readonly to: number }): {
    from: number;
    to: number;
  } {
    const { state } = this.view;
    const [first, last] = [state.wordAt(from), state.wordAt(to)];
    if (from === to) return first ?? { from, to };
    return {
      from: first && first.to > from ? first.from : from,
      to: last && last.from < to ? last.to : to,
    };
  }

  protected get view(): EditorView {
    return this.#editor!.view;
  }

  /** The proposals as they are in the editor. */
  protected get placed(): readonly Proposal[] {
    return this.view.state.field(proposalsField);
  }

  /** Draws a proposal into the text. */
  protected abstract draw(proposal: Proposal): void;

  /** Puts the editor into the page. */
  protected openIn(host: HTMLElement, { keys, keepsOld, extensions = [], ...options }: EditorOptions): void {
    this.#editor = openEditor(host, {
      ...options,
      keys: [
        ...keys,
        { key: 'Mod-Enter', run: () => (this.#action(), true) },
        { key: 'Alt-Enter', run: () => this.#answer((one) => this.accept([one])) },
        { key: 'Alt-Backspace', run: () => this.#answer((one) => this.reject([one])) },
        { key: 'Escape', run: () => this.isBusy.value && (this.stop(), true) },
      ],
      extensions: [
        extensions,
        EditorView.updateListener.of(({ state }) => {
          this.canUndo.value = undoDepth(state) > 0;
          this.canRedo.value = redoDepth(state) > 0;
        }),
        proposing(this.chips, this.#answers, {
          keepsOld,
          onChange: (proposals) => {
            this.proposals.value = proposals;
            this.#tellLeft(proposals.filter(({ text }) => text !== undefined).length);
            for (const proposal of proposals) this.draw(proposal);
          },
        }),
        EditorView.updateListener.of(({ docChanged, transactions }) => {
          const isAnswer = transactions.some((one) => answering.some((event) => one.isUserEvent(event)));
          // what an undo takes back was never there to be answered
          const isTakenBack = this.#left === 0 && transactions.some((one) => one.isUserEvent('undo'));
          if (((docChanged && !isAnswer) || isTakenBack) && !this.isBusy.value) this.news.value = '';
        }),
      ],
    });
  }

  /** What was said of the last work is over once something was accepted, rejected or undone. */
  #tellLeft(count: number): void {
    if (!this.isBusy.value && count !== this.#left)
      this.news.value =
        count === 0 ? 'Nothing is left to accept or reject.' : `${count} left to accept or reject.`;
    this.#left = count;
  }

  /** Accepts or rejects the proposal at the cursor, or the next one; then the cursor is at the one behind it. */
  #answer(doIt: (proposal: Proposal) => void): boolean {
    const ready = this.isBusy.value ? [] : this.placed.filter(({ text }) => text !== undefined);
    const { head } = this.view.state.selection.main;
    const at = ready.find(({ to }) => to >= head) ?? ready[0];
    if (!at) return false;
    doIt(at);
    const next = this.placed.find(({ id }) => id === ready[ready.indexOf(at) + 1]?.id);
    if (next) this.view.dispatch({ selection: { anchor: next.from }, scrollIntoView: true });
    return true;
  }

  /** Does one work, and shows what goes wrong; nothing while another is done. */
  protected async working(doIt: (signal: AbortSignal) => Promise<void>): Promise<void> {
    if (this.isBusy.value) return;
    this.#working = this.#work(doIt);
    await this.#working;
  }

  async #work(doIt: (signal: AbortSignal) => Promise<void>): Promise<void> {
    this.isBusy.value = true;
    this.problem.value = undefined;
    this.news.value = '';
    this.#aborting = new AbortController();
    this.#editor!.setWritable(false);
    try {
      await doIt(this.#aborting.signal);
    } catch (error) {
      if (!isAbort(error)) this.problem.value = error;
    } finally {
      this.isBusy.value = false;
      this.doing.value = '';
      this.#editor!.setWritable(true);
    }
  }
}
