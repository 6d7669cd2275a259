import { useState } from 'preact/hooks';
import { animatedSvg } from '../core/animated-svg.ts';
import { framesAmong, linesAt } from '../core/lines.ts';
import { writeRecording } from '../core/recording-file.ts';
import { saveFile } from '../parts/save.ts';
import { columns, gifPicture, maxFrames } from './gif-picture.ts';
import type { Lane } from './lane.ts';

/** What can be kept of a run. */
export function Export({ lane }: { readonly lane: Lane }) {
  const [isDrawing, setDrawing] = useState(false);
  const player = lane.player.value;
  const asked = lane.asked.value;
  const { recording } = player;
  const isOff = player.size.value === 0 || lane.isWriting.value || !asked || isDrawing;
  return (
    <div class="row export" role="group" aria-label="Export">
      <span class="quiet">Export</span>
      <button
        type="button"
        disabled={isOff}
        onClick={() => saveFile('unmasking.json', writeRecording(lane.file!), 'application/json')}
      >
        JSON
      </button>
      <button
        type="button"
        disabled={isOff}
        onClick={() => saveFile('unmasking.svg', svgOf(lane), 'image/svg+xml')}
      >
        SVG
      </button>
      <button
        type="button"
        disabled={isOff}
        onClick={() => {
          setDrawing(true);
          // the page says that it draws before it has no more time to
          requestAnimationFrame(() =>
            setTimeout(() => {
              saveFile('unmasking.gif', gifPicture(recording, asked!.prompt), 'image/gif');
              setDrawing(false);
            }),
          );
        }}
      >
        {isDrawing ? 'Drawing …' : 'GIF'}
      </button>
    </div>
  );
}

function svgOf({ player, asked }: Lane): string {
  const { recording } = player.value;
  const { prompt } = asked.value!;
  const frames = framesAmong(recording.size, maxFrames);
  return animatedSvg(
    frames.map((frame) => linesAt(recording, frame, prompt, columns)),
    {
      columns,
      frameSeconds: 0.12,
      restSeconds: 4,
      title: `A text being unmasked: ${recording.textAt(recording.size - 1)}`,
    },
  );
}
