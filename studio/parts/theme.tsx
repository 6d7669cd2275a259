import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';

const themes = ['auto', 'light', 'dark'] as const;
const signs = { auto: '◐', light: '☀', dark: '☾' } as const;
type Theme = (typeof themes)[number];

const kept = localStorage.getItem('theme');
const theme = signal<Theme>(themes.find((name) => name === kept) ?? 'auto');

/** Light, dark, or as the system has it; kept in the browser. */
export function ThemeSwitch() {
  useEffect(() => {
    document.documentElement.dataset.theme = theme.value;
    localStorage.setItem('theme', theme.value);
  }, [theme.value]);
  return (
    <label class="theme">
      <span class="hidden">Theme</span>
      <select
        value={theme.value}
        onChange={({ currentTarget }) => (theme.value = currentTarget.value as Theme)}
      >
        {themes.map((name) => (
          <option key={name} value={name}>
            {signs[name]} {name}
          </option>
        ))}
      </select>
    </label>
  );
}

/** Calls back when the colours have changed. Returns what ends it. */
export function onTheme(callback: () => void): () => void {
  const system = matchMedia('(prefers-color-scheme: dark)');
  const page = new MutationObserver(callback);
  system.addEventListener('change', callback);
  page.observe(document.documentElement, { attributeFilter: ['data-theme'] });
  return () => {
    system.removeEventListener('change', callback);
    page.disconnect();
  };
}

/** The colour of an element that is dressed so, as a canvas takes it. */
export function colorOf(dress: (element: HTMLElement) => void): string {
  const probe = document.createElement('span');
  dress(probe);
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

/** The colours that variables of the style sheet stand for now: red, green, blue. */
export const colorsOf = (variables: readonly string[]): [number, number, number][] =>
  variables.map((name) => {
    const color = colorOf(({ style }) => (style.color = `var(${name})`));
    const [red, green, blue] = color.match(/[\d.]+/g)!.map(Number);
    // what is mixed is told in parts of one
    const most = color.startsWith('color(') ? 255 : 1;
    return [red * most, green * most, blue * most];
  });
