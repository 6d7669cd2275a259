const samples = [
  ['mask', '▒▒▒', 'not written yet'],
  ['guess final', 'word', 'below 30 %'],
  ['unsure final', 'word', 'from 30 %'],
  ['likely final', 'word', 'from 60 %'],
  ['sure final', 'word', 'from 90 %'],
  ['sure', 'word', 'may still change'],
  ['sure fresh final', 'word', 'written just now'],
] as const;

/** What the colours and lines of the canvas mean. */
export function Legend() {
  return (
    <ul class="legend" aria-label="What the canvas shows: how sure the model was of a token when it wrote it">
      {samples.map(([style, text, meaning]) => (
        <li key={style}>
          <span class={`token ${style}`} aria-hidden="true">
            {text}
          </span>{' '}
          {meaning}
        </li>
      ))}
    </ul>
  );
}
