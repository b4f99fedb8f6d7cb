import { useMemo } from "react";
import { RELATIVE_RANGES } from "./range.ts";
import { useView, type View } from "./view-context.tsx";

/** The view as a question to the server: relative ranges stay relative, so that live views keep one cache entry. */
export function viewScope(view: View) {
  const { range } = view;
  return {
    range:
      range.kind === "relative" ? { lastMs: RELATIVE_RANGES[range.key] } : { fromMs: range.fromMs, toMs: range.toMs },
    models: view.models,
    operations: view.operations,
    providers: view.providers,
  };
}

/** The current view as a question; the same object while nothing changes. */
export function useViewScope() {
  const view = useView();
  return useMemo(() => viewScope(view), [view]);
}
