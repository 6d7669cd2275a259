import { z } from 'zod';
import type { Route } from './route.ts';

/** The routes as OpenAPI 3.1 describes them; the schemas are those that requests are checked by. */
export function openapi(routes: readonly Route[]): object {
  const paths = new Map<string, Record<string, object>>();
  for (const route of routes) {
    const path = route.path.replace(/:(\w+)(\{[^}]*\})?/g, '{$1}');
    const operations = paths.get(path) ?? {};
    operations[route.method.toLowerCase()] = operationOf(route);
    paths.set(path, operations);
  }
  return {
    openapi: '3.1.0',
    info: { title: 'unmask', version: '1', description: 'Texts written by unmasking, over HTTP.' },
    components: { securitySchemes: { key: { type: 'http', scheme: 'bearer' } } },
    paths: Object.fromEntries(paths),
  };
}

function operationOf(route: Route): object {
  const parameters = Array.from(route.path.matchAll(/:(\w+)/g), ([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' } as object,
  }));
  const query = 'query' in route && route.query ? z.toJSONSchema(route.query, { io: 'input' }) : undefined;
  for (const [name, schema] of Object.entries(query?.properties ?? {}))
    parameters.push({
      name,
      in: 'query',
      required: query?.required?.includes(name) ?? false,
      schema: schema as object,
    });
  return {
    summary: route.summary,
    ...(route.access !== 'anyone' && {
      security: route.access === 'key' ? [{ key: [] }, {}] : [{ key: [] }],
    }),
    ...(parameters.length > 0 && { parameters }),
    ...('body' in route && {
      requestBody: {
        required: true,
        content: {
          'application/json': { schema: z.toJSONSchema(route.body, { io: 'input', unrepresentable: 'any' }) },
        },
      },
    }),
    responses: { '200': { description: 'OK' }, default: { description: 'An error' } },
  };
}
