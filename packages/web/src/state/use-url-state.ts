import { useCallback, useMemo, useSyncExternalStore } from "react";
import { useLocation, useSearch } from "wouter";
import { withValue, type Codec } from "./codecs.ts";

/** Commits make a history entry, so Back undoes them; drags replace. */
export interface SetOptions {
  readonly replace?: boolean;
}

/** One piece of view state, kept in the URL. `bad` names the key whose value could not be read. */
export function useUrlState<T>(codec: Codec<T>): {
  readonly value: T;
  readonly bad: string | undefined;
  readonly set: (value: T, options?: SetOptions) => void;
} {
  const search = useSearch();
  const [path, navigate] = useLocation();
  const decoded = useMemo(() => codec.decode(new URLSearchParams(search)), [codec, search]);
  const set = useCallback(
    (value: T, options: SetOptions = {}) => {
      // Read afresh: two values may be set before the next render.
      const next = `${path}${withValue(location.search, codec, value)}${location.hash}`;
      if (next === `${path}${location.search}${location.hash}`) return;
      navigate(next, { replace: options.replace ?? false });
    },
    [codec, navigate, path],
  );
  return { value: decoded.value, bad: decoded.bad, set };
}

function subscribeHash(onChange: () => void): () => void {
  for (const name of ["hashchange", "popstate", "pushState", "replaceState"]) addEventListener(name, onChange);
  return () => {
    for (const name of ["hashchange", "popstate", "pushState", "replaceState"]) removeEventListener(name, onChange);
  };
}

/** The part after `#`, one of `allowed`, and its setter; the first is the default. */
export function useHash<T extends string>(allowed: readonly [T, ...T[]]): readonly [T, (value: T) => void] {
  const hash = useSyncExternalStore(
    subscribeHash,
    () => location.hash.slice(1),
    () => "",
  );
  const set = useCallback((value: T) => {
    history.replaceState(history.state, "", `${location.pathname}${location.search}#${value}`);
  }, []);
  return [allowed.find((value) => value === hash) ?? allowed[0], set];
}
