import { chosenDevice, download, notes } from './engine.ts';

/** Where the models compute, and what of them is under way. */
export function Where() {
  return (
    <footer class="where quiet">
      {download.value !== undefined && <p role="status">{download.value}</p>}
      {notes.value.map((note) => (
        <p key={note}>{note}</p>
      ))}
      <p>{chosenDevice.value ?? 'The models run in this page; nothing that you write leaves it.'}</p>
    </footer>
  );
}
