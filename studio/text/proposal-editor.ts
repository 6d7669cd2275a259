import type { Extension } from '@codemirror/state';
import type { EditorView, KeyBinding } from '@codemirror/view';
import { computed, signal } from '@preact/signals';
import { isAbort } from '../client.ts';
import { openEditor, type TextEditor } from './editor.ts';
import { accepting, Chips, dropping, type Proposal, proposalsField, proposing } from './proposals.ts';

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

/**
 * A text in an editor, and what a model proposes to stand in it. One work at a time is done on it, while nobody types.
 *
 * @template Work  the kinds of work
 */
export abstract class ProposalEditor<Work extends string> {
  readonly proposals = signal<readonly Proposal[]>([]);
  readonly work = signal<Work | undefined>(undefined);
  readonly isBusy = computed(() => this.work.value !== undefined);
  readonly problem = signal<unknown>(undefined);
  /** What came of the last work, in a sentence, which screen readers say. */
  readonly news = signal('');
  protected readonly chips = new Chips();
  protected nextId = 0;
  #editor: TextEditor | undefined;
  #aborting: AbortController | undefined;
  #action: () => void = () => {};

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

  protected get view(): EditorView {
    return this.#editor!.view;
  }

  protected get text(): string {
    return this.view.state.doc.toString();
  }

  /** The proposals as they are in the editor. */
  protected get placed(): readonly Proposal[] {
    return this.view.state.field(proposalsField);
  }

  /** Draws a proposal into the text. */
  protected abstract draw(proposal: Proposal): void;

  /** Puts the editor into the page. @returns what takes it away */
  protected openIn(
    host: HTMLElement,
    { keys, keepsOld, extensions = [], ...options }: EditorOptions,
  ): () => void {
    this.#editor = openEditor(host, {
      ...options,
      keys: [
        ...keys,
        { key: 'Mod-Enter', run: () => (this.#action(), true) },
        { key: 'Escape', run: () => this.isBusy.value && (this.stop(), true) },
      ],
      extensions: [
        extensions,
        proposing(this.chips, {
          keepsOld,
          onChange: (proposals) => {
            this.proposals.value = proposals;
            for (const proposal of proposals) this.draw(proposal);
          },
        }),
      ],
    });
    return () => {
      this.stop();
      this.#editor?.view.destroy();
    };
  }

  /** Does one work, and shows what goes wrong; nothing while another is done. */
  protected async working(work: Work, doIt: (signal: AbortSignal) => Promise<void>): Promise<void> {
    if (this.isBusy.value) return;
    this.work.value = work;
    this.problem.value = undefined;
    this.news.value = '';
    this.#aborting = new AbortController();
    this.#editor!.setWritable(false);
    try {
      await doIt(this.#aborting.signal);
    } catch (error) {
      if (!isAbort(error)) this.problem.value = error;
    } finally {
      this.work.value = undefined;
      this.#editor!.setWritable(true);
    }
  }
}
