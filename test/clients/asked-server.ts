import { pathToFileURL } from 'node:url';
import { existsSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { importer } from './packages.ts';
import { modelThatAnswers, modelThatKnows } from '../fake-model.ts';
import { type Json, startFakeServer } from '../fake-server.ts';

/** A package of test/clients/package.json. */
export async function clientPackage(name: string): Promise<Json> {
  if (!existsSync(importer)) throw new Error('npm run test:clients installs the clients');
  const { default: load } = (await import(pathToFileURL(importer).href)) as {
    default: (name: string) => Json;
  };
  return load(name);
}

export const story = 'Once upon a time there was a dog. It ran to the sea.';
export const person = { name: 'Lily', age: 7 };

const call = '{"name": "weather", "arguments": {"city": "Oslo"}}';

/** What the model `chat` answers: a call where the weather is asked for, JSON where a person is, else a greeting. */
function answerTo(given: string): string {
  if (/rain/.test(given)) return 'It rains in Oslo.';
  if (/weather/i.test(given)) return call;
  const json = JSON.stringify(person);
  // a client that has no other way to ask for JSON asks for a call of a function of this name
  if (/person/.test(given))
    return /"name":"json"/.test(given) ? `{"name": "json", "arguments": ${json}}` : json;
  return 'Hello there.';
}

/** A server with a model that knows a story, and one that answers and calls; several tokens a step, so that it is quick. */
export async function askedServer(t: TestContext, options: Parameters<typeof startFakeServer>[2] = {}) {
  const defaults = { strategy: 'threshold', tau: 0.3 } as const;
  const server = await startFakeServer(
    t,
    {
      chat: () => modelThatAnswers(answerTo, { defaults }),
      story: () => modelThatKnows(story, () => {}, {}),
    },
    options,
  );
  const { engine } = server.service;
  engine.load('story');
  while (!engine.status('story').facts) await engine.changed();
  return server;
}

/** The function that is called, as its JSON schema. */
export const weatherSchema = {
  type: 'object',
  properties: { city: { type: 'string', enum: ['Oslo', 'Rome'] } },
  required: ['city'],
  additionalProperties: false,
};

export const personSchema = {
  type: 'object',
  properties: { name: { type: 'string', maxLength: 8 }, age: { type: 'integer', minimum: 0, maximum: 99 } },
  required: ['name', 'age'],
  additionalProperties: false,
};
