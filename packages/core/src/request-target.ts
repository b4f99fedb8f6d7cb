/** A request target split once, byte for byte; nothing is decoded or normalised. */
export interface RequestTarget {
  /** Starts with exactly one `/`. */
  readonly path: string;
  /** With its leading `?`, or empty. */
  readonly query: string;
}

/**
 * Splits an HTTP request target in origin form. Never throws, unlike `new URL(target, base)`.
 * @returns undefined for anything else: absolute form, `*`, `//host`, control characters, a fragment, what is no octet.
 */
export function parseRequestTarget(target: string | undefined): RequestTarget | undefined {
  if (target === undefined || target.charCodeAt(0) !== 0x2f || target.startsWith("//") || target.startsWith("/\\"))
    return undefined;
  for (let i = 0; i < target.length; i += 1) {
    const code = target.charCodeAt(i);
    if (code <= 0x20 || code === 0x7f || code === 0x23 || code > 0xff) return undefined;
  }
  const mark = target.indexOf("?");
  return mark < 0 ? { path: target, query: "" } : { path: target.slice(0, mark), query: target.slice(mark) };
}

/** Whether a path has a `.` or `..` segment, also written as `%2e` or with a backslash: it could leave its base path. */
export function hasDotSegments(path: string): boolean {
  return path.split(/[/\\]|%2f|%5c/i).some((segment) => {
    const plain = segment.replaceAll(/%2e/gi, ".");
    return plain === "." || plain === "..";
  });
}
