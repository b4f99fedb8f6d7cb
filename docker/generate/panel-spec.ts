/** What a panel of the dashboard is, in our words; `panel-json.ts` says it in Grafana's. */

/** The languages of the dashboards. */
export type Language = "en" | "zh";

/** One text in both languages. */
export type Text = Readonly<Record<Language, string>>;

/** Grafana unit ids that are used; `suffix:` makes one. */
export type Unit =
  | "s"
  | "short"
  | "reqps"
  | "percentunit"
  | "suffix: tok/s"
  | "suffix: /min"
  | "suffix: tok"
  | "suffix: tok/req"
  | "suffix: ×";

/** One PromQL expression of a panel. */
export interface Query {
  readonly expr: string;
  /** Series name; every query of a model has `{{model}}`, so that a model keeps its colour on all panels. */
  readonly legend?: string;
  /** A second statistic of the same series, or a limit that was set by hand. */
  readonly line?: "dashed" | "dotted" | "limit";
  /** Points that lead to a trace. */
  readonly exemplar?: true;
  /** Drawn below zero. */
  readonly negative?: true;
  /** Column title in a table. */
  readonly column?: Text;
  /** Unit of the column. */
  readonly unit?: Unit;
  /** No answer is the normal answer, e.g. stalls: tests must not ask for one. */
  readonly mayBeEmpty?: true;
}

/** Bounds at which a number turns amber and red. `below`: small values are the bad ones. */
export interface Bounds {
  readonly amber: number;
  readonly red: number;
  readonly below?: true;
}

/** One panel; sizes in Grafana's grid of 24 columns. */
export interface PanelSpec {
  readonly kind: "stat" | "timeseries" | "heatmap" | "table" | "bargauge";
  readonly title: Text;
  /** Definition, statistic, what to do. */
  readonly description: Text;
  readonly unit: Unit;
  readonly width: number;
  readonly height: number;
  readonly queries: readonly Query[];
  readonly bounds?: Bounds;
  /** Rows of the table lead to the failed traces. */
  readonly failedTraces?: true;
  /** Cells of the table are bars. */
  readonly cellBars?: true;
  /** Instead of the common hint. */
  readonly noValue?: Text;
}

/** A text panel. */
export interface TextSpec {
  readonly kind: "text";
  readonly title: Text;
  readonly description: Text;
  readonly width: number;
  readonly height: number;
  readonly content: Text;
}

/** A row of the dashboard and its panels, left to right, top to bottom. */
export interface RowSpec {
  readonly title: Text;
  readonly panels: readonly (PanelSpec | TextSpec)[];
  /** Folded away until it is opened. */
  readonly collapsed?: true;
}
