import { signal } from '@preact/signals';
import {
  type KeptRun,
  keptRuns,
  forgetRun,
  openKeptRun,
  trainInPage,
} from '../../src/browser/training/train.ts';
import type { PageTrainRequest } from '../../src/browser/training/request.ts';
import { zipped } from '../../src/browser/training/zip.ts';
import { shortRunSteps, shortRunWarmup, shortText } from '../../src/training/run/short-run.ts';
import { sizes } from '../../src/training/sizes.ts';
import type { TrainingEvent } from '../../src/training/run/events.ts';
import { saveFile } from '../../studio/parts/save.ts';
import { refreshModels } from '../../studio/parts/model-picker.tsx';
import { addTrained, removeTrained } from '../engine.ts';

/** What a page has the time for. */
const [size, batch] = ['nano', 16] as const;

/** What a person chooses. */
export interface Wish {
  readonly name: string;
  readonly text: string;
  readonly objective: 'masked-diffusion' | 'autoregressive';
  readonly steps: number;
}

/** The run that is trained, or was last, as it is told. */
export interface Shown {
  readonly name: string;
  readonly losses: readonly number[];
  /** Updates of the causal warm-up, before masks begin. */
  readonly causalWarmup?: number;
  readonly steps?: number;
  readonly sample?: string;
  readonly secondsLeft?: number;
  /** What was said last. */
  readonly note?: string;
}

/** Trains, stops and resumes the runs that the browser keeps. */
class TrainDesk {
  readonly runs = signal<readonly KeptRun[]>([]);
  readonly shown = signal<Shown | undefined>(undefined);
  readonly problem = signal<unknown>(undefined);
  /** The name of the run at work. */
  readonly atWork = signal<string | undefined>(undefined);
  #stop: AbortController | undefined;

  async look(): Promise<void> {
    this.runs.value = await keptRuns();
    for (const { name, step } of this.runs.value) if (step > 0) addTrained(name);
  }

  begin({ name, text, objective, steps }: Wish): Promise<void> {
    // a sample costs as much as many updates
    const every = Math.max(25, Math.ceil(steps / 20));
    const { size: bytes } = new Blob([text]);
    return this.#train(name, {
      texts: [text],
      out: name,
      objective,
      size,
      steps,
      batch,
      ...(bytes < shortText.bytes && { vocabularySize: shortText.vocabularySize }),
      ...shortRunSteps({ objective }),
      causalWarmup: shortRunWarmup({ objective }, { steps, tokens: batch * sizes[size].length, bytes }),
      sampleEvery: every,
      validationEvery: Math.max(every, Math.ceil(steps / 4)),
      checkpointEvery: every,
    });
  }

  resume(name: string): Promise<void> {
    return this.#train(name, { resume: name });
  }

  stop(): void {
    this.#stop?.abort();
  }

  show({ name, losses, sample, options: { steps, causalWarmup } }: KeptRun): void {
    if (this.atWork.value === undefined) this.shown.value = { name, losses, sample, steps, causalWarmup };
  }

  async download(name: string): Promise<void> {
    await this.#attempt(async () => {
      const { files } = await openKeptRun(name);
      saveFile(`${name}.zip`, await zipped(files, name), 'application/zip');
    });
  }

  async forget(name: string): Promise<void> {
    await this.#attempt(async () => {
      await forgetRun(name);
      removeTrained(name);
      await refreshModels();
    });
    await this.#lookAgain();
    if (this.shown.value?.name === name) this.shown.value = undefined;
  }

  async #train(name: string, request: PageTrainRequest): Promise<void> {
    this.#stop = new AbortController();
    this.atWork.value = name;
    const before = this.runs.value.find((run) => run.name === name);
    const { causalWarmup } = before?.options ?? request;
    this.shown.value = { name, losses: before?.losses ?? [], sample: before?.sample, causalWarmup };
    await this.#attempt(async () => {
      const worker = () =>
        new Worker(new URL('../../src/browser/worker.ts', import.meta.url), {
          type: 'module',
          name: 'training',
        });
      await trainInPage(request, {
        signal: this.#stop!.signal,
        worker: worker as never,
        onProgress: (event) => this.#tell(event),
      });
    });
    this.atWork.value = undefined;
    await this.#lookAgain();
  }

  #tell(event: TrainingEvent): void {
    const shown = this.shown.value!;
    const add = (more: Partial<Shown>) => (this.shown.value = { ...shown, ...more });
    if (event.kind === 'began') add({ steps: event.steps, losses: shown.losses.slice(0, event.step) });
    if (event.kind === 'step')
      add({ losses: [...shown.losses, event.loss], steps: event.steps, secondsLeft: event.secondsLeft });
    if (event.kind === 'sample') add({ sample: event.text });
    if (event.kind === 'note') add({ note: event.text });
  }

  /** What went wrong before stays said. */
  async #lookAgain(): Promise<void> {
    await this.look().catch((error: unknown) => void (this.problem.value ??= error));
  }

  async #attempt(work: () => Promise<void>): Promise<void> {
    try {
      this.problem.value = undefined;
      await work();
    } catch (error) {
      this.problem.value = error;
    }
  }
}

/** One desk, so that a run goes on while another page of the site is looked at. */
export const trainDesk = new TrainDesk();
