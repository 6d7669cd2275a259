import { type Size, sizes } from '../../training/sizes.ts';
import type { Service } from '../http/service.ts';
import { siteAddress } from '../http/site-places.ts';
import { resolveOptions } from '../../training/run/resolve-options.ts';
import { quantizeBody } from './model-routes.ts';
import { distillBody, finetuneBody, trainBody } from './training-routes.ts';
import { schemaOf, writingOptions } from './writing-options.ts';

/**
 * What may be asked of each verb, as JSON Schema: what the requests are checked by, and the flags are made from.
 * `sizes` has what a new run of each size does where its options say nothing.
 */
export function options({ site }: Pick<Service, 'site'>): Response {
  const names = Object.keys(sizes) as Size[];
  const settled = names.map((size) => [size, { ...resolveOptions({ data: [' '], size }), data: undefined }]);
  return Response.json({
    ...writingOptions(),
    // the same pages with the models in the browser itself
    ...(site !== undefined && { elsewhere: { place: 'browser', address: siteAddress } }),
    train: schemaOf(trainBody),
    finetune: schemaOf(finetuneBody),
    distill: schemaOf(distillBody),
    quantize: schemaOf(quantizeBody),
    sizes: Object.fromEntries(settled),
  });
}
