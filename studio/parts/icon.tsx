import type { ButtonHTMLAttributes } from 'preact';

/** Strokes on a square of 24. */
const strokes = {
  copy: 'M9 9h11v11H9zM15 5V4H4v11h1',
  done: 'M5 13l4.5 4.5L19 7.5',
  again: 'M19.5 12a7.5 7.5 0 1 1-2.3-5.4M19.8 3.5v4.3h-4.3',
  edit: 'M4.5 19.5l1-4.3L16.3 4.5l3.2 3.2L8.8 18.5zM14 6.8l3.2 3.2',
  play: 'M12 3.5a8.5 8.5 0 1 1 0 17a8.5 8.5 0 0 1 0-17M10 8.5l5.5 3.5l-5.5 3.5z',
  before: 'M14.5 5.5L8 12l6.5 6.5',
  next: 'M9.5 5.5L16 12l-6.5 6.5',
  send: 'M12 19V5.5M6 11.5l6-6l6 6',
  stop: 'M7 7h10v10H7z',
  save: 'M12 4v11M7.5 10.5L12 15l4.5-4.5M5 19.5h14',
  remove: 'M5 7h14M9.5 7V4.5h5V7M7 7l.8 12.5h8.4L17 7M10.5 10.5v5.5M13.5 10.5v5.5',
} as const;

export type IconName = keyof typeof strokes;

/** A picture in place of a word that is said to screen readers beside it. */
export const Icon = ({ name }: { readonly name: IconName }) => (
  <svg class="icon" viewBox="0 0 24 24" width="18" height="18" aria-hidden="true">
    <path d={strokes[name]} />
  </svg>
);

/** A quiet button that is a picture: its name is read out, and seen where one points. */
export function IconButton({
  icon,
  name,
  hint = name,
  ...others
}: {
  readonly icon: IconName;
  readonly name: string;
  /** What is seen where one points. Default: the name */
  readonly hint?: string;
} & Pick<ButtonHTMLAttributes<HTMLButtonElement>, 'onClick' | 'disabled' | 'aria-pressed'>) {
  return (
    <button type="button" class="plain picture" aria-label={name} title={hint} {...others}>
      <Icon name={icon} />
    </button>
  );
}
