import type { RequestRow } from "@nexent/monitor-api";
import { useMemo, useState } from "react";
import { useLiveEvents } from "../../api/live-context.tsx";
import { useRequestList } from "../../api/request-list-query.ts";
import { DEFAULT_SORT, sortText, type Sort } from "../../state/codecs.ts";
import { useView } from "../../state/view-context.tsx";
import { useViewScope } from "../../state/view-scope.ts";
import { mergeRows, NO_LIVE_ROWS, passesFilter, releaseRows, takeRow, type LiveRows } from "./live-rows.ts";

const REFRESH_MS = 5_000;

/** The list as the page shows it. `held`: nothing may move now. */
export function useRequestRows(sort: Sort, held: boolean) {
  const view = useView();
  const scope = useViewScope();
  const [live, setLive] = useState<LiveRows>(NO_LIVE_ROWS);
  // Only the newest-first list without a text can take live rows by itself; others ask the server again.
  const newestFirst = sortText(sort) === sortText(DEFAULT_SORT) && view.filter === "";
  const refreshes = view.live && !newestFirst && !held;
  const list = useRequestList({ scope, filter: view.filter, sort: sortText(sort) }, refreshes ? REFRESH_MS : undefined);

  const key = JSON.stringify([scope, view.filter, sortText(sort)]);
  const hold = held || !view.live;
  const [before, setBefore] = useState({ key, hold });
  if (before.key !== key || before.hold !== hold) {
    setBefore({ key, hold });
    // Another question starts with its own rows; a list let go takes in what waited.
    if (before.key !== key) setLive(NO_LIVE_ROWS);
    else if (!hold) setLive(releaseRows);
  }

  useLiveEvents((event) => {
    if (event.event !== "row" || !newestFirst || view.range.kind === "absolute") return;
    if (passesFilter(event.data, view)) setLive((rows) => takeRow(rows, event.data, hold));
  });

  const pages = list.data?.pages;
  const rows = useMemo<readonly RequestRow[]>(
    () =>
      mergeRows(
        live.entered,
        (pages ?? []).flatMap((page) => page.data.rows),
      ),
    [live.entered, pages],
  );
  const first = pages?.[0];
  const loadedIds = useMemo(
    () => new Set((pages ?? []).flatMap((page) => page.data.rows.map((row) => row.id))),
    [pages],
  );
  const fresh = live.entered.filter((row) => !loadedIds.has(row.id)).length;
  return {
    list,
    rows,
    waiting: live.waiting.length,
    release: () => setLive(releaseRows),
    shown: (first?.data.shown ?? 0) + fresh,
    total: (first?.data.total ?? 0) + fresh,
    tookMs: first?.meta.tookMs,
    newestCallMs: first?.data.newestCallMs,
  };
}
