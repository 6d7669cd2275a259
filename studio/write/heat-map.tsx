import { effect } from '@preact/signals';
import { useEffect, useRef, useState } from 'preact/hooks';
import { percent, tokenName } from '../core/shown.ts';
import type { Player } from '../parts/player.ts';
import { colorsOf, onTheme } from '../parts/theme.tsx';
import type { Lane } from './lane.ts';
import { HeatRows } from './heat-rows.ts';

/** Positions from left to right, frames downwards: how sure the model was of what stood where when. A click goes there. */
export function HeatMap({ lane }: { readonly lane: Lane }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const player = lane.player.value;
  useEffect(() => drawing(player, lane, canvas.current!), [player, lane]);
  return (
    <section class="heat">
      <h3>How sure, by position and step</h3>
      <div class="plot">
        <span class="axis y" aria-hidden="true">
          <span>step 0</span>
          <span class="turned">step ↓</span>
          <span>{player.facts.value ? player.recording.facts(player.size.value - 1).step : ''}</span>
        </span>
        <canvas
          ref={canvas}
          role="img"
          aria-label="How sure the model was, by position and frame; the table below has the same"
          onClick={(event) => {
            const { facts, size } = player;
            if (!facts.value) return;
            const { offsetX, offsetY, currentTarget } = event;
            const at = (offset: number, extent: number, count: number) =>
              Math.max(0, Math.min(count - 1, Math.floor((offset / extent) * count)));
            player.show(at(offsetY, currentTarget.clientHeight, size.value));
            lane.pinned.value = at(offsetX, currentTarget.clientWidth, facts.value.length);
          }}
        />
        <span class="axis x" aria-hidden="true">
          <span>position 1</span>
          <span>position →</span>
          <span>{player.facts.value ? player.facts.value.length : ''}</span>
        </span>
      </div>
      <p class="scale" aria-hidden="true">
        <span>a guess</span>
        <i />
        <span>sure</span>
      </p>
      <Table player={player} />
    </section>
  );
}

function drawing(player: Player, lane: Lane, canvas: HTMLCanvasElement): () => void {
  const context = canvas.getContext('2d')!;
  let [ink, ...scale] = colorsOf(['--ink', ...scaleColors]);
  let rows = new HeatRows(player.recording, scale);
  let request: number | undefined;
  const draw = () => {
    request = undefined;
    const { clientWidth, clientHeight } = canvas;
    const [width, height] = [clientWidth, clientHeight].map((size) => Math.round(size * devicePixelRatio));
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    context.clearRect(0, 0, width, height);
    const size = player.size.peek();
    const facts = player.facts.peek();
    if (size === 0 || !facts) return;
    rows.grow(size);
    context.imageSmoothingEnabled = false;
    context.drawImage(rows.picture, 0, 0, rows.width, size, 0, 0, width, height);
    context.strokeStyle = `rgb(${ink.join(' ')})`;
    context.lineWidth = devicePixelRatio;
    context.beginPath();
    const y = ((player.at.peek() + 0.5) / size) * height;
    context.moveTo(0, y);
    context.lineTo(width, y);
    const position = lane.picked.peek();
    if (position !== undefined) {
      const x = ((position + 0.5) / rows.width) * width;
      context.moveTo(x, 0);
      context.lineTo(x, height);
    }
    context.stroke();
  };
  const ask = () => {
    request ??= requestAnimationFrame(draw);
  };
  const stop = effect(() => {
    void [player.size.value, player.at.value, lane.picked.value];
    ask();
  });
  const stopTheme = onTheme(() => {
    [ink, ...scale] = colorsOf(['--ink', ...scaleColors]);
    rows = new HeatRows(player.recording, scale);
    ask();
  });
  const resized = new ResizeObserver(ask);
  resized.observe(canvas);
  return () => {
    stop();
    stopTheme();
    resized.disconnect();
    if (request !== undefined) cancelAnimationFrame(request);
  };
}

/** From a guess to full confidence. */
const scaleColors = ['--strength-0', '--strength-1', '--strength-2', '--strength-3'];

/** The same in words, made when it is asked for. */
function Table({ player }: { readonly player: Player }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <details onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>As a table</summary>
      {isOpen && player.size.value > 0 && (
        <div class="scroll long" role="region" aria-label="Positions" tabIndex={0}>
          <table>
            <thead>
              <tr>
                <th scope="col">position</th>
                <th scope="col">token</th>
                <th scope="col">written in step</th>
                <th scope="col">confidence</th>
                <th scope="col">times written</th>
              </tr>
            </thead>
            <tbody>
              {player.recording.canvasAt(player.size.value - 1).map((cell, position) => (
                <tr key={position}>
                  <td>{position + 1}</td>
                  <td>
                    <code>{tokenName(cell.token, cell.text)}</code>
                  </td>
                  <td>{cell.token === null ? '–' : player.recording.facts(cell.frame).step}</td>
                  <td>{cell.confidence === null ? '–' : percent(cell.confidence)}</td>
                  <td>{timesWritten(player, position)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </details>
  );
}

const timesWritten = ({ recording, size }: Player, position: number): number =>
  recording.historyOf(position, size.value - 1).cells.filter(({ token }) => token !== null).length;
