/** What part of a list is scrolled into view, in pixels. */
export interface ScrollView {
  readonly top: number;
  readonly height: number;
}

const SPARE_ROWS = 8;

/** First row to mount and the one after the last: those in view and a few around them. */
export function visibleRows(
  count: number,
  rowHeight: number,
  view: ScrollView,
): { readonly from: number; readonly to: number } {
  const first = Math.floor(view.top / rowHeight) - SPARE_ROWS;
  const last = Math.ceil((view.top + view.height) / rowHeight) + SPARE_ROWS;
  const to = Math.min(count, Math.max(0, last));
  return { from: Math.max(0, Math.min(first, to)), to };
}
