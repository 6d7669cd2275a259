// Keeps the site's own files, so that it opens without a network. scripts/site.mjs puts their names and a version in.
// The models' files are kept by the page itself, in parts: requests for them pass by.
const version = '__VERSION__';
const files = __FILES__;
const cacheName = `unmask site ${version}`;

addEventListener('install', (event) => {
  event.waitUntil(
    caches
      .open(cacheName)
      .then((cache) => cache.addAll(files))
      .then(() => globalThis.skipWaiting()),
  );
});

addEventListener('activate', (event) => {
  const isOld = (name) => name.startsWith('unmask site ') && name !== cacheName;
  event.waitUntil(
    caches
      .keys()
      .then((names) => Promise.all(names.filter(isOld).map((name) => caches.delete(name))))
      .then(() => globalThis.clients.claim()),
  );
});

addEventListener('fetch', (event) => {
  const { method, url, headers } = event.request;
  if (method !== 'GET' || headers.has('Range') || new URL(url).origin !== location.origin) return;
  event.respondWith(answer(event.request));
});

async function answer(request) {
  const cache = await caches.open(cacheName);
  const kept = await cache.match(request, { ignoreSearch: true });
  if (kept) return kept;
  const response = await fetch(request);
  // what is large and not needed by all, the engine with WebGPU, is kept when it was asked for
  if (response.ok && response.status === 200) await cache.put(request, response.clone()).catch(() => {});
  return response;
}
