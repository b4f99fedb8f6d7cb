/** `[20, 0, 0]` of `20`; undefined when it is no version. */
function partsOf(version: string): readonly [number, number, number] | undefined {
  const match = /^(\d+)(?:\.(\d+))?(?:\.(\d+))?/.exec(version);
  if (match === null) return undefined;
  return [Number(match[1]), Number(match[2] ?? 0), Number(match[3] ?? 0)];
}

function isAtLeast(version: string, bound: string): boolean {
  const [have, want] = [partsOf(version), partsOf(bound)];
  if (have === undefined || want === undefined) return true;
  const at = have.findIndex((part, index) => part !== want[index]);
  return at < 0 || (have[at] ?? 0) > (want[at] ?? 0);
}

/**
 * Whether a Node version is in an `engines.node` range, as far as such ranges go: alternatives with `||` of `>=a.b.c`,
 * `^a.b.c` and a bare major. What is written otherwise counts as satisfied: trying tells.
 */
export function nodeSatisfies(version: string, range: string): boolean {
  return range.split("||").some((alternative) => {
    const wanted = alternative.trim();
    if (wanted.startsWith(">=")) return isAtLeast(version, wanted.slice(2).trim());
    const exact = /^\^?\d/.test(wanted);
    if (!exact) return true;
    const bound = wanted.replace("^", "");
    return isAtLeast(version, bound) && partsOf(version)?.[0] === partsOf(bound)?.[0];
  });
}
