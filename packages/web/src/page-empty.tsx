import { lazy, Suspense } from "react";
import { serverNow } from "./api/server-contact.ts";
import { EmptyState } from "./components/states.tsx";
import { rangeReaching } from "./state/page-link.ts";
import { absolute } from "./state/range.ts";
import { useView } from "./state/view-context.tsx";

// Needed once in the life of an installation; pages with data do not load it.
const FirstRequest = lazy(() => import("./first-request.tsx"));
const HOUR_MS = 3_600_000;
const AFTER_MS = 60_000;

/** Why a page of the frame has nothing to show, and the way on. `newestCallMs` undefined = never any data. */
export function PageEmpty(props: { readonly newestCallMs: number | undefined }) {
  const view = useView();
  const jump = (newestCallMs: number) => {
    const key = rangeReaching(serverNow() - newestCallMs);
    const old = absolute(newestCallMs - HOUR_MS, newestCallMs + AFTER_MS);
    view.setRange(key === undefined ? old : { kind: "relative", key });
  };
  return (
    <EmptyState
      newestCallMs={props.newestCallMs}
      nowMs={serverNow()}
      filtered={view.filtered}
      onClearFilter={view.clearFilters}
      onJump={jump}
      first={
        <Suspense fallback={null}>
          <FirstRequest />
        </Suspense>
      }
    />
  );
}
