import { signal } from '@preact/signals';
import { post } from '../client.ts';
import type { TextQuality } from '../core/comparison-file.ts';
import type { Player } from '../parts/player.ts';
import { endOf, type Task } from '../parts/tasks.ts';
import type { Lane } from './lane.ts';

interface JudgeReport {
  readonly bitsPerCharacter: number;
  readonly standardError: number | null;
  readonly distinct: readonly number[];
}

interface ScoreReport {
  readonly tokens: number;
  readonly sampler?: { readonly natsPerToken: number; readonly isBound: boolean };
}

/** What the server says at once: what judges, and what scores or why nothing does. */
interface Started {
  readonly judge: Task;
  readonly score?: Task;
  /** Tokens that were to be written. */
  readonly length?: number;
  readonly unscored?: string;
}

/** Has texts judged by programs beside the server, one for each run. */
export class Quality {
  readonly isJudging = signal(false);
  readonly problem = signal<unknown>(undefined);
  readonly #found = signal<ReadonlyMap<unknown, TextQuality>>(new Map());

  /** Of the text that a run has now. */
  of(lane: Lane): TextQuality | undefined {
    return this.#found.value.get(lane.player.value);
  }

  /** Takes what is known of a text. */
  know(player: Player, quality: TextQuality): void {
    this.#found.value = new Map(this.#found.value).set(player, quality);
  }

  async judge(lanes: readonly Lane[]): Promise<void> {
    this.isJudging.value = true;
    this.problem.value = undefined;
    try {
      await Promise.all(lanes.map((lane) => this.#judge(lane)));
    } catch (error) {
      this.problem.value = error;
    }
    this.isJudging.value = false;
  }

  async #judge(lane: Lane): Promise<void> {
    const { asked } = lane;
    const player = lane.player.value;
    if (!asked.value) return;
    const { prompt, model, options } = asked.value;
    const text = player.recording.textAt(player.size.value - 1);
    const started = await post<Started>('/unmask/judge', { prompt, text, model, options });
    const [judged, scored] = await Promise.all([endOf(started.judge), started.score && endOf(started.score)]);
    const { bitsPerCharacter, standardError, distinct } = judged.result as JudgeReport;
    this.know(player, {
      bitsPerCharacter,
      standardError: standardError ?? undefined,
      distinct: distinct[1],
      ...(scored ? scoreOf(scored.result as ScoreReport, started.length) : { unscored: started.unscored }),
    });
  }
}

/** A text that ended before its length, or is spelled otherwise in tokens, was written on another canvas than is scored. */
function scoreOf({ tokens, sampler }: ScoreReport, length: number | undefined): Partial<TextQuality> {
  if (tokens !== length)
    return {
      unscored: `it is known of texts of the length that was asked for, and the text has ${tokens} tokens in place of ${length}; write with another seed`,
    };
  return { exact: sampler?.natsPerToken, isBound: sampler?.isBound };
}
