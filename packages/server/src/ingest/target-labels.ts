/** Labels of a sample below those of its source, as Prometheus joins them. */
type Labels = Readonly<Record<string, string>>;

/**
 * Adds the labels of a target. A label of the sample that one of them takes the place of goes on as `exported_<name>`,
 * with as many `exported_` as it needs; empty values are no labels.
 */
export function withTargetLabels(labels: Labels, target: Labels): Labels {
  const own = Object.entries(labels).filter(([, value]) => value !== "");
  const given = Object.entries(target).filter(([, value]) => value !== "");
  const joined = new Map(own);
  const displaced: [string, string][] = [];
  for (const [name, value] of given) {
    const before = joined.get(name);
    if (before !== undefined) displaced.push([name, before]);
    joined.set(name, value);
  }
  for (const [name, value] of displaced) {
    let moved = `exported_${name}`;
    while (joined.has(moved)) moved = `exported_${moved}`;
    joined.set(moved, value);
  }
  return Object.fromEntries(joined);
}
