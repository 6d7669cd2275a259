import { render } from 'preact';
import { App } from './app.tsx';
import { pages } from './pages.ts';
import { takeToken } from './token.ts';

takeToken();
render(<App pages={pages} />, document.body);
