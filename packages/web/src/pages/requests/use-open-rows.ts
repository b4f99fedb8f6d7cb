import { useState } from "react";
import { useOpenCalls } from "../../api/open-calls.ts";
import { serverNow } from "../../api/server-contact.ts";
import { useView } from "../../state/view-context.tsx";
import { passesFilter } from "./live-rows.ts";
import { nextOpenRows, type OpenRow } from "./open-rows.ts";

const NO_ROWS: readonly OpenRow[] = [];

/** Open calls as the page shows them: in a live view without a text filter, which only the server understands. */
export function useOpenRows(held: boolean): { readonly rows: readonly OpenRow[]; readonly total: number | undefined } {
  const view = useView();
  const open = useOpenCalls();
  const [seen, setSeen] = useState({ open, view, held, rows: NO_ROWS });
  const shows = view.live && view.range.kind !== "absolute" && view.filter === "";
  let { rows } = seen;
  if (seen.open !== open || seen.view !== view || seen.held !== held) {
    const calls = (shows ? open?.calls : undefined)?.filter((call) => passesFilter(call, view)) ?? [];
    rows = nextOpenRows(seen.rows, calls, { held, nowMs: serverNow() });
    setSeen({ open, view, held, rows });
  }
  const filtered = view.models.length + view.operations.length + view.providers.length > 0;
  const openRows = rows.filter(({ ended }) => !ended).length;
  return { rows, total: open?.total === undefined ? undefined : filtered ? openRows : open.total };
}
