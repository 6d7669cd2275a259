import { useEffect, useState } from 'preact/hooks';
import { recordingIn, type RecordingFile } from '../core/recording-file.ts';
import { useWhileShown } from '../parts/kept-page.tsx';
import { Player } from '../parts/player.ts';
import { TokenCanvas } from '../parts/token-canvas.tsx';

interface Shown {
  readonly name: string;
  readonly title: string;
  readonly load: () => Promise<unknown>;
}

/** The two recordings: test/record-first-sight.ts makes them. */
const recordings: readonly Shown[] = [
  {
    name: 'any-order',
    title: 'Diffusion: any order',
    load: () => import('./any-order.json'),
  },
  {
    name: 'left-to-right',
    title: 'The same model, left to right',
    load: () => import('./left-to-right.json'),
  },
];

/** A step of either costs the model about the same; slow enough to be followed. */
const stepsPerSecond = 10;
/** How long the finished texts are looked at before it all begins again. */
const restMs = 5000;

/**
 * What this is, shown before anything is asked: a text that unmasks by itself, beside the same model from left to right.
 *
 * @param onWrite    has a text of one's own written in any order; undefined where the model knows no such way
 * @param isWaiting  whether the model has yet to tell its ways: there is room for the button
 */
export function FirstSight({
  onWrite,
  isWaiting,
}: {
  readonly onWrite?: () => void;
  readonly isWaiting: boolean;
}) {
  const [shown, setShown] = useState<Playback>();
  useEffect(() => {
    let isGone = false;
    void Promise.all(recordings.map(({ load }) => load())).then((modules) => {
      if (isGone) return;
      setShown(playbackOf(modules.map((module) => recordingIn((module as { default: unknown }).default))));
    });
    return () => void (isGone = true);
  }, []);
  const players = shown?.runs.map(({ player }) => player);
  useWhileShown(() => (players ? playing(players) : undefined), [shown]);
  useEffect(() => () => players?.forEach((player) => player.dispose()), [shown]);
  return (
    <section class="first-sight" aria-label="How a text is written">
      <div class="lanes two">
        {recordings.map(({ name, title }, n) => (
          <figure key={name}>
            <figcaption>
              <strong>{title}</strong> {shown && <Steps player={shown.runs[n].player} />}
            </figcaption>
            {shown ? <Recorded {...shown.runs[n]} /> : <div class="canvas" />}
          </figure>
        ))}
      </div>
      <div class="row spread">
        <p class="help">
          Recorded with the model stories: one prompt, played at {stepsPerSecond} steps a second. On the left
          a step fills in two or three words.
        </p>
        <div class="row">
          <button type="button" disabled={!players} onClick={() => players?.forEach(again)}>
            <span aria-hidden="true">↻</span> Replay
          </button>
          {(onWrite || isWaiting) && (
            <button type="button" disabled={!onWrite} onClick={onWrite}>
              Try any order
            </button>
          )}
        </div>
      </div>
    </section>
  );
}

/** The step that is shown, and how many there are. */
function Steps({ player }: { readonly player: Player }) {
  const last = player.recording.facts(player.size.value - 1).step;
  return (
    <span class="quiet steps">
      step {player.facts.value?.step ?? 0} of {last}
    </span>
  );
}

/** A recorded text, in room for all of it: what is below never moves. */
function Recorded({ file, player }: { readonly file: RecordingFile; readonly player: Player }) {
  const { prompt } = file.asked;
  return (
    <div class="recorded">
      <TokenCanvas player={player} given={prompt} />
      <div class="canvas room" aria-hidden="true">
        {prompt + player.recording.textAt(player.size.value - 1)}
      </div>
    </div>
  );
}

/** The recordings, each step as long as any other. */
interface Playback {
  readonly runs: readonly { readonly file: RecordingFile; readonly player: Player }[];
}

function playbackOf(files: readonly RecordingFile[]): Playback {
  const runs = files.map((file) => {
    const player = new Player();
    player.load(file.events.map(({ frame }, step) => ({ frame, ms: (1000 * step) / stepsPerSecond })));
    return { file, player };
  });
  return { runs };
}

function again(player: Player): void {
  player.show(0);
  player.play(1);
}

/** Plays all together, again and again; who wants no motion sees the middle of the way. Returns what ends it. */
function playing(players: readonly Player[]): () => void {
  if (matchMedia('(prefers-reduced-motion: reduce)').matches) {
    for (const player of players) player.show(Math.floor(player.size.value / 2));
    return () => {};
  }
  let timer: ReturnType<typeof setTimeout> | undefined;
  const begin = () => {
    let longestMs = 0;
    for (const player of players) {
      player.speed.value = 'real time';
      again(player);
      longestMs = Math.max(longestMs, player.recording.facts(player.size.value - 1).ms);
    }
    timer = setTimeout(begin, longestMs + restMs);
  };
  begin();
  return () => {
    clearTimeout(timer);
    for (const player of players) player.show(player.at.value);
  };
}
