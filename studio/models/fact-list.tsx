/** What is known of a model, by names; what isn't known is left out. */
export const FactList = ({
  look,
  rows,
}: {
  readonly look: 'figures' | 'facts-list';
  readonly rows: readonly (readonly [name: string, value: string | false | undefined])[];
}) => (
  <dl class={look}>
    {rows.map(
      ([name, value]) =>
        typeof value === 'string' && (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ),
    )}
  </dl>
);
