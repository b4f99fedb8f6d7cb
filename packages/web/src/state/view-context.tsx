import { createContext, useContext, useEffect, useMemo, type ReactNode } from "react";
import { filterCodec, liveCodec, modelsCodec, operationsCodec, providersCodec, rangeCodec } from "./codecs.ts";
import type { Range, RelativeRange } from "./range.ts";
import { useUrlState, type SetOptions } from "./use-url-state.ts";

/** The frame's view state: range, filters, live. All of it is in the URL. */
export interface View {
  readonly range: Range;
  readonly models: readonly string[];
  readonly operations: readonly string[];
  readonly providers: readonly string[];
  readonly filter: string;
  /** Live is on and the range ends now. */
  readonly live: boolean;
  readonly filtered: boolean;
  /** Keys of the link that could not be read. */
  readonly badKeys: readonly string[];
  readonly setRange: (range: Range, options?: SetOptions) => void;
  readonly setModels: (models: readonly string[]) => void;
  readonly setOperations: (operations: readonly string[]) => void;
  readonly setProviders: (providers: readonly string[]) => void;
  readonly setFilter: (text: string, options?: SetOptions) => void;
  readonly setLive: (live: boolean) => void;
  readonly clearFilters: () => void;
}

const ViewContext = createContext<View | undefined>(undefined);

interface ViewProviderProps {
  readonly defaultRange: RelativeRange;
  readonly children: ReactNode;
}

const rangeCodecs = new Map<RelativeRange, ReturnType<typeof rangeCodec>>();
function sharedRangeCodec(key: RelativeRange): ReturnType<typeof rangeCodec> {
  const codec = rangeCodecs.get(key) ?? rangeCodec(key);
  rangeCodecs.set(key, codec);
  return codec;
}

/** Reads the view from the URL and hands it to frame and page. */
export function ViewProvider(props: ViewProviderProps) {
  const range = useUrlState(sharedRangeCodec(props.defaultRange));
  const models = useUrlState(modelsCodec);
  const operations = useUrlState(operationsCodec);
  const providers = useUrlState(providersCodec);
  const filter = useUrlState(filterCodec);
  const live = useUrlState(liveCodec);
  const view = useMemo<View>(
    () => ({
      range: range.value,
      models: models.value,
      operations: operations.value,
      providers: providers.value,
      filter: filter.value,
      live: live.value && range.value.kind === "relative",
      filtered: models.value.length + operations.value.length + providers.value.length + filter.value.length > 0,
      badKeys: [range.bad, filter.bad, live.bad].filter((key) => key !== undefined),
      setRange: range.set,
      setModels: models.set,
      setOperations: operations.set,
      setProviders: providers.set,
      setFilter: filter.set,
      setLive: live.set,
      clearFilters: () => {
        models.set([]);
        operations.set([]);
        providers.set([]);
        filter.set("");
      },
    }),
    [range, models, operations, providers, filter, live],
  );
  useEffect(() => {
    // `at` is a way in; the range it means is what stays in the address.
    if (new URLSearchParams(location.search).has("at") && range.bad === undefined) {
      range.set(range.value, { replace: true });
    }
  }, [range]);
  return <ViewContext.Provider value={view}>{props.children}</ViewContext.Provider>;
}

/** The frame's view state. @throws Error outside of ViewProvider. */
export function useView(): View {
  const view = useContext(ViewContext);
  if (view === undefined) throw new Error("useView needs a ViewProvider");
  return view;
}
