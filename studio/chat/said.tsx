import { sideOf } from '../core/digit-grid.ts';
import type { Turn } from '../core/conversation.ts';
import { DigitGrid, Verdict } from '../parts/digit-grid.tsx';
import { TokenCanvas } from '../parts/token-canvas.tsx';
import { Transport } from '../parts/transport.tsx';
import { visible } from '../../src/cli/terminal/visible.ts';
import { Markdown } from './markdown.tsx';
import type { Written } from './talk.ts';

/** What somebody said: a grid of digits, a text as it was typed, or an answer with its marks; or the way to it. */
export function Said({
  turn: { role, text, calls },
  question,
  replayed,
}: {
  readonly turn: Turn;
  /** What it answers. */
  readonly question: string;
  /** The way to it, where that is to be seen. */
  readonly replayed: Written | undefined;
}) {
  if (replayed)
    return (
      <>
        <TokenCanvas player={replayed.player} given={replayed.begun} question={question} />
        <Transport player={replayed.player} />
      </>
    );
  if (text === '' && calls) return null;
  if (text === '')
    return (
      <div class="said">
        <em class="quiet">nothing</em>
      </div>
    );
  const isGrid = sideOf(text) !== undefined;
  if (isGrid && role === 'user')
    return (
      <div class="said">
        <DigitGrid text={text} question={text} />
      </div>
    );
  if (isGrid && text.length === question.length && sideOf(question) !== undefined)
    return (
      <div class="said">
        <DigitGrid text={text} question={question} />
        <Verdict answer={text} question={question} />
      </div>
    );
  return (
    <div class="said">
      {role !== 'assistant' ? <p class="plain-text">{visible(text)}</p> : <Markdown text={text} />}
    </div>
  );
}
