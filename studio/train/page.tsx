import { useSignal } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';
import { fragmentOf } from '../core/link.ts';
import { isLearnedByHeart } from '../core/run-rows.ts';
import { draftOf, keepDraft } from '../parts/draft.ts';
import { usePolling } from '../parts/polling.ts';
import { isAnyAtWork, type Task } from '../parts/tasks.ts';
import { Trouble } from '../parts/trouble.tsx';
import { Curves } from './run-curves.tsx';
import { NewRun } from './new-run.tsx';
import { Notes } from './notes.tsx';
import { RunOptions } from './run-options.tsx';
import { RunRequest } from './run-request.ts';
import { RunTable } from './run-table.tsx';
import { type RunDetails, Runs } from './runs.ts';
import { Samples } from './samples.tsx';

const pauseMs = () => (isAnyAtWork.value ? 1000 : 4000);

/** Starts, watches, stops and resumes runs of training. */
export default function Train() {
  const { runs, request, isAsking } = useKept();
  const problem = useSignal<unknown>(undefined);
  const isEmpty = runs.isLookedAt.value && runs.list.value.length + runs.beginning.value.length === 0;
  const isOpen = isAsking.value ?? isEmpty;
  usePolling(
    (signal) => runs.look(signal),
    pauseMs,
    (error) => (problem.value = error),
  );
  const attempt = async (action: () => Promise<void>) => {
    try {
      await action();
      await runs.look(new AbortController().signal);
    } catch (error) {
      problem.value = error;
    }
  };
  return (
    <>
      <Head isOpen={isOpen} onToggle={() => (isAsking.value = !isOpen)} />
      <Trouble error={problem.value} />
      {isEmpty && (
        <p class="quiet">No runs here yet: the first one teaches a small model of a text in minutes.</p>
      )}
      {isOpen && <NewRun request={request} />}
      <Beginning runs={runs} />
      <RunTable runs={runs} attempt={attempt} />
      <section aria-label="Curves and texts" class="train">
        <Curves runs={runs} />
        <Details
          runs={runs}
          onWrite={(run) =>
            void attempt(async () => {
              const model = await runs.serve(run);
              location.hash = fragmentOf({ page: 'write', settings: { model } });
            })
          }
          onLike={(run) => {
            void request.like(run);
            isAsking.value = true;
            scrollTo({ top: 0 });
          }}
        />
      </section>
    </>
  );
}

/** The runs that are shown and the one that is asked for, as they were when the tab was loaded last. */
function useKept() {
  const [draft] = useState(() => draftOf('train'));
  // where there is no run yet, the form is what the page is for
  const isAsking = useSignal(typeof draft.isAsking === 'boolean' ? draft.isAsking : undefined);
  const [runs] = useState(() => new Runs(draft));
  const [request] = useState(
    () =>
      new RunRequest(
        async (verb, options) => {
          await runs.start(verb, options);
          isAsking.value = false;
        },
        () => runs.list.value,
        draft.request,
      ),
  );
  useEffect(
    () =>
      keepDraft('train', () => ({
        shown: runs.shown.value,
        focus: runs.focus.value,
        isAsking: isAsking.value,
        request: request.draft,
      })),
    [],
  );
  return { runs, request, isAsking };
}

function Head({ isOpen, onToggle }: { readonly isOpen: boolean; readonly onToggle: () => void }) {
  return (
    <div class="row spread">
      <h1>Train</h1>
      <button type="button" class={isOpen ? '' : 'main'} aria-expanded={isOpen} onClick={onToggle}>
        {isOpen ? 'Close' : 'New run'}
      </button>
    </div>
  );
}

/** The runs that begin, and those that could not. */
function Beginning({ runs: { beginning } }: { readonly runs: Runs }) {
  if (beginning.value.length === 0) return null;
  return (
    <ul class="beginning" aria-label="Runs that begin">
      {beginning.value.map((task) => (
        <BeginningRun key={task.id} task={task} />
      ))}
    </ul>
  );
}

function BeginningRun({ task: { subject, state, lines } }: { readonly task: Task }) {
  return (
    <li class="run">
      <div class="run-head">
        <span class="run-name">{subject}</span>
        <span class={`state ${state}`}>{state === 'failed' ? 'failed' : 'begins'}</span>
      </div>
      {state === 'failed' ? (
        <p class="trouble">{lines.at(-1) ?? 'It ended without a word.'}</p>
      ) : (
        <p class="facts quiet">{lines.at(-1) ?? 'Reading what is to be learned …'}</p>
      )}
    </li>
  );
}

/** What is told of one run: its texts, its options, what it said. */
function Details({
  runs,
  onLike,
  onWrite,
}: {
  readonly runs: Runs;
  readonly onLike: (run: RunDetails) => void;
  readonly onWrite: (run: string) => void;
}) {
  const details = runs.details.value;
  if (!details) return null;
  return (
    <section class="panel" aria-label={`Run ${details.name}`}>
      <div class="row spread">
        <h2>{details.name}</h2>
        <div class="row">
          <button type="button" onClick={() => onWrite(details.name)}>
            Write with it<span class="hidden">: {details.name}</span>
          </button>
          <button type="button" onClick={() => onLike(details)}>
            New run like this<span class="hidden"> {details.name}</span>
          </button>
        </div>
      </div>
      <ByHeart run={details} />
      <Samples key={details.name} samples={details.samples} />
      <Notes key={`notes of ${details.name}`} run={details} runs={runs} />
      <RunOptions run={details} />
      {details.lines.length > 0 && (
        <details>
          <summary>Log</summary>
          <pre class="sample" role="group" tabIndex={0} aria-label="Lines of the run">
            {details.lines.join('\n')}
          </pre>
        </details>
      )}
    </section>
  );
}

/** Says so where a run learned its text by heart. */
function ByHeart({ run }: { readonly run: RunDetails }) {
  const { loss } = run;
  if (typeof loss !== 'number' || !isLearnedByHeart(run, loss)) return null;
  return (
    <p class="help">
      Learned by heart: its own text costs {loss.toFixed(3)} nats a token by now, text that it has not seen{' '}
      {run.validation!.natsPerToken.toFixed(3)}. The text is too short for that many updates; take a longer
      one, or fewer updates.
    </p>
  );
}
