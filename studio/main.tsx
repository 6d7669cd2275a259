import { render } from 'preact';
import { App } from './app.tsx';
import { takeToken } from './client.ts';
import { pages } from './pages.ts';

takeToken();
render(<App pages={pages} />, document.body);
