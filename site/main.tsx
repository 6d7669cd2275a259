import { render } from 'preact';
import { App } from '../studio/app.tsx';
import { answeredBy } from '../studio/client.ts';
import { engine, models } from './engine.ts';
import { pageServer } from './page-server.ts';
import { pages } from './pages.ts';
import { Where } from './where.tsx';

answeredBy(pageServer(engine, models));
render(
  <>
    <App pages={pages} title="unmask" />
    <Where />
  </>,
  document.body,
);

// the second visit needs no network
if ('serviceWorker' in navigator && import.meta.env.PROD)
  void navigator.serviceWorker.register('./service-worker.js').catch(() => {});
