import { useEffect, useState } from 'preact/hooks';
import { recordingIn, type RecordingFile } from '../core/recording-file.ts';
import { Player } from '../parts/player.ts';
import { TokenCanvas } from '../parts/token-canvas.tsx';

interface Shown {
  readonly name: string;
  readonly title: string;
  readonly says: string;
  readonly load: () => Promise<unknown>;
}

/** The two recordings: test/record-first-sight.ts makes them. */
const recordings: readonly Shown[] = [
  {
    name: 'any-order',
    title: 'Masked diffusion',
    says: 'all positions at once; what it is surest of stands first, and each word sees both sides',
    load: () => import('./any-order.json'),
  },
  {
    name: 'left-to-right',
    title: 'From left to right',
    says: 'the same model, made to write as a causal one must: no word sees what comes behind it',
    load: () => import('./left-to-right.json'),
  },
];

/** About as long the longer of the two is written before one's eyes. */
const watchMs = 5000;
/** How long the finished texts are looked at before it all begins again. */
const restMs = 5000;

/** What this is, shown before anything is asked: a text that unmasks by itself, beside the same model from left to right. */
export function FirstSight() {
  const [shown, setShown] = useState<Playback>();
  useEffect(() => {
    let isGone = false;
    void Promise.all(recordings.map(({ load }) => load())).then((modules) => {
      if (isGone) return;
      setShown(playbackOf(modules.map((module) => recordingIn((module as { default: unknown }).default))));
    });
    return () => void (isGone = true);
  }, []);
  useEffect(() => (shown ? playing(shown.runs.map(({ player }) => player)) : undefined), [shown]);
  return (
    <section class="first-sight" aria-label="How a text is written">
      <p class="says">
        This model doesn’t write from left to right:{' '}
        <strong>a text begins as masks, and in each step those become words that it is surest of</strong> – so
        it writes several at a time, fills holes, and mends what stands.
      </p>
      <div class="lanes two">
        {recordings.map(({ name, title, says }, n) => (
          <figure key={name}>
            <figcaption>
              <strong>{title}</strong> <span class="quiet">{says}</span>
            </figcaption>
            {shown ? (
              <TokenCanvas player={shown.runs[n].player} given={shown.runs[n].file.asked.prompt} />
            ) : (
              <div class="canvas" />
            )}
          </figure>
        ))}
      </div>
      <p class="help">
        Recorded: the model that ships, one prompt, one seed, two orders
        {shown && shown.slowness > 1 && `, played ${shown.slowness} times as slowly as it wrote them`}. Press{' '}
        <kbd>↵</kbd> and it writes one for you, or type a beginning of your own.
      </p>
    </section>
  );
}

/** The recordings, slowed down alike so that they can be followed. */
interface Playback {
  readonly slowness: number;
  readonly runs: readonly { readonly file: RecordingFile; readonly player: Player }[];
}

function playbackOf(files: readonly RecordingFile[]): Playback {
  const longestMs = Math.max(...files.map(({ events }) => events.at(-1)?.ms ?? 0));
  const slowness = Math.max(1, Math.round(watchMs / longestMs));
  const runs = files.map((file) => {
    const player = new Player();
    player.load(file.events.map(({ frame, ms }) => ({ frame, ms: slowness * ms })));
    return { file, player };
  });
  return { slowness, runs };
}

/** Plays all together, again and again; who wants no motion sees the middle of the way. Returns what ends it. */
function playing(players: readonly Player[]): () => void {
  if (matchMedia('(prefers-reduced-motion: reduce)').matches) {
    for (const player of players) player.show(Math.floor(player.size.value / 2));
    return () => players.forEach((player) => player.dispose());
  }
  let timer: ReturnType<typeof setTimeout> | undefined;
  const begin = () => {
    let longestMs = 0;
    for (const player of players) {
      player.speed.value = 'real time';
      player.show(0);
      player.play(1);
      longestMs = Math.max(longestMs, player.recording.facts(player.size.value - 1).ms);
    }
    timer = setTimeout(begin, longestMs + restMs);
  };
  begin();
  return () => {
    clearTimeout(timer);
    players.forEach((player) => player.dispose());
  };
}
