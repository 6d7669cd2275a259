import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';

const themes = ['auto', 'light', 'dark'] as const;
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
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}
