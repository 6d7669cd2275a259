import { useLayoutEffect, useRef } from 'preact/hooks';
import { percent, tokenName } from '../core/shown.ts';
import type { Lane } from './lane.ts';

/** What the model thought of for the token that is pointed at, right below it; the panel further down tells more. */
export function Glance({ lane }: { readonly lane: Lane }) {
  const note = useRef<HTMLDivElement>(null);
  const position = lane.glance.value;
  const { recording, at, size } = lane.player.value;
  const isThere = position !== undefined && size.value > 0;
  const likeliest = isThere ? recording.candidatesAt(position, at.value) : [];
  useLayoutEffect(() => {
    const home = note.current?.parentElement;
    const token = home?.querySelector(`[data-position="${position}"] > i`);
    if (!home || !token) return;
    const [around, place] = [home.getBoundingClientRect(), token.getBoundingClientRect()];
    const left = Math.min(place.left - around.left, around.width - note.current!.offsetWidth);
    note.current!.style.left = `${Math.max(0, left)}px`;
    note.current!.style.top = `${place.bottom - around.top + 4}px`;
  });
  if (likeliest.length === 0) return null;
  return (
    <div ref={note} class="glance" aria-hidden="true">
      {likeliest.map(({ token, text, probability }) => (
        <span key={token}>
          <code>{tokenName(token, text)}</code> {percent(probability)}
        </span>
      ))}
    </div>
  );
}
