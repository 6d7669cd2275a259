import type { ModelFacts } from '../worker/protocol.ts';

/** What a model can do, and does where nobody says otherwise. */
export const abilitiesOf = ({
  maxLength,
  hasChatTemplate,
  isCausal,
  defaults,
  presets,
}: Omit<ModelFacts, 'maxLength'> & { readonly maxLength?: number }): object => ({
  context_length: maxLength,
  // without a template a conversation is one text, which the model goes on with
  chat: hasChatTemplate ? 'template' : 'continuation',
  infill: !isCausal,
  defaults,
  presets,
});
