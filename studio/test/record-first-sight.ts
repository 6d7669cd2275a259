// Records the two texts that the page Write opens with: one model, one prompt, several
// words a step in any order, and one word a step from left to right.
//
//     node dist/studio/test/record-first-sight.js

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventsOf } from '../core/events.ts';
import { writeRecording } from '../core/recording-file.ts';
import type { RecordedEvent, RecordedFrame } from '../core/recording.ts';
import { root, startStudio } from './browser.ts';

const ends: (() => unknown)[] = [];
const studio = await startStudio({ after: (end) => void ends.push(end as () => unknown) });
const { origin, hash } = new URL(studio.url);
const prompt = 'Once upon a time';
const common = { length: 60, blockLength: 60, temperature: 0.9, frequencyPenalty: 0.5 };
/** Several words at once; and one after the other, as a causal model must. */
const [several, oneByOne] = [
  { strategy: 'low-confidence', steps: 24, seed: 6 },
  { strategy: 'left-to-right', steps: 60, seed: 2 },
];

// the first text pays for what is made once
for (const [name, way] of [
  ['any-order', several],
  ['any-order', several],
  ['left-to-right', oneByOne],
] as const) {
  const options = { ...common, ...way };
  const response = await fetch(`${origin}/v1/completions`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${hash.replace('#token=', '')}` },
    body: JSON.stringify({ model: 'stories', prompt, ...options, stream: true, diffusion: true }),
  });
  const events: RecordedEvent[] = [];
  let beginMs: number | undefined;
  for await (const event of eventsOf(response.body!.pipeThrough(new TextDecoderStream()))) {
    const { diffusion: frame } = event as { diffusion?: RecordedFrame };
    if (!frame) continue;
    beginMs ??= performance.now();
    events.push({ frame, ms: Math.round(10 * (performance.now() - beginMs)) / 10 });
  }
  const asked = { prompt, model: 'stories', options };
  writeFileSync(join(root, `studio/first-sight/${name}.json`), writeRecording({ asked, events }));
}
for (const end of ends) await end();
