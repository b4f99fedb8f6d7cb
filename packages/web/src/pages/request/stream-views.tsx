import type { RequestDetail } from "@nexent/monitor-api";
import { ZoomIn, ZoomOut } from "lucide-react";
import { useCallback, useMemo, useState, type KeyboardEvent } from "react";
import { gapSpectrum } from "../../canvas/gap-bins.ts";
import type { Box, Pen } from "../../canvas/pen.ts";
import { drawSpectrum, SPECTRUM_HEIGHT } from "../../canvas/spectrum.ts";
import { drawStaircase, STAIRCASE_HEIGHT, staircasePlotBox } from "../../canvas/staircase.ts";
import { KINDS, type StreamModel } from "../../canvas/stream-model.ts";
import { kindColour, type StreamScene } from "../../canvas/stream-style.ts";
import { drawStrip, STRIP_HEIGHT } from "../../canvas/strip.ts";
import { Button } from "../../components/button.tsx";
import { CanvasView } from "../../components/canvas-view.tsx";
import { Chip } from "../../components/marks.tsx";
import { Panel } from "../../components/panel.tsx";
import { useFormat, type Format } from "../../format/format.ts";
import { useT, type Translate } from "../../i18n/i18n-context.tsx";
import { accentColour, modelAccent } from "../../theme/model-accent.ts";
import { useTheme } from "../../theme/theme-context.tsx";
import css from "./request.module.css";
import { StreamFigure } from "./stream-figure.tsx";
import { StreamTables } from "./stream-tables.tsx";
import { streamWords } from "./stream-words.ts";
import { useStreamView, type StreamControls } from "./use-stream-view.ts";

interface StreamViewsProps {
  readonly model: StreamModel;
  readonly detail: RequestDetail;
  readonly accent: number | undefined;
}

/** Strip, staircase and gap spectrum with one zoom and one cursor, and the same as tables. */
export function StreamViews(props: StreamViewsProps) {
  const t = useT();
  const format = useFormat();
  const { tokens } = useTheme();
  const { model } = props;
  const controls = useStreamView(model);
  const [asTable, setAsTable] = useState(false);
  const [announced, setAnnounced] = useState("");
  const words = useMemo(() => streamWords(t, model), [t, model]);
  const accent = accentColour(tokens, modelAccent(props.accent));
  const { window, cursorUs } = controls;
  const scene = useMemo<StreamScene>(
    () => ({ model, window, accent, words, format, cursorUs }),
    [model, window, accent, words, format, cursorUs],
  );
  // Without the cursor: the spectrum has none and need not be drawn again for it.
  const still = useMemo<StreamScene>(
    () => ({ model, window, accent, words, format }),
    [model, window, accent, words, format],
  );
  const strip = useCallback((pen: Pen, box: Box) => drawStrip(pen, scene, box, tokens), [scene, tokens]);
  const staircase = useCallback((pen: Pen, box: Box) => drawStaircase(pen, scene, box, tokens), [scene, tokens]);
  const spectrum = useCallback((pen: Pen, box: Box) => drawSpectrum(pen, still, box, tokens), [still, tokens]);
  const staircaseBox = useCallback(
    (canvas: HTMLCanvasElement) => {
      const pen = canvas.getContext("2d");
      const box = { x: 0, y: 0, width: canvas.clientWidth, height: STAIRCASE_HEIGHT };
      return pen === null ? box : staircasePlotBox(pen, still, box);
    },
    [still],
  );
  const summary = useSpectrumSentence(model);
  const onKey = (event: KeyboardEvent) => {
    const done = streamKey(
      event,
      model,
      controls,
      () => setAsTable(true),
      (index) => setAnnounced(stallText(model, index, t, format)),
    );
    if (!done) return;
    event.preventDefault();
    event.stopPropagation();
  };
  const figure = {
    window,
    onCursor: controls.setCursor,
    onZoom: controls.zoom,
    onPan: controls.pan,
    onReset: controls.reset,
    onKey,
    summary: summary.text,
  };
  const twin = (
    <Button look="quiet" aria-pressed={asTable} onClick={() => setAsTable(!asTable)}>
      {t(asTable ? "chart.chart" : "chart.table")}
    </Button>
  );
  if (asTable) {
    return (
      <Panel title={t("stream.strip")} tools={twin}>
        <StreamTables model={model} detail={props.detail} words={words} />
      </Panel>
    );
  }
  return (
    <>
      <p className="visually-hidden" aria-live="polite">
        {announced}
      </p>
      <Panel
        title={t("stream.strip")}
        unit={t("stream.stripUnit")}
        tools={
          <>
            <Quality model={model} />
            <Legend model={model} accent={accent} />
            <ZoomButtons controls={controls} />
            {twin}
          </>
        }
      >
        <StreamFigure {...figure} title={t("stream.strip")} height={STRIP_HEIGHT} draw={strip} timeBox={wholeWidth} />
      </Panel>
      <div className={css["pair"]}>
        <Panel title={t("stream.staircase")} unit={t(STAIRCASE_UNIT[model.axis])}>
          <StreamFigure
            {...figure}
            title={t("stream.staircase")}
            height={STAIRCASE_HEIGHT}
            draw={staircase}
            timeBox={staircaseBox}
          />
        </Panel>
        <Panel title={t("stream.spectrum")} unit={t("stream.spectrumUnit")}>
          <p className={css["sentence"]}>{summary.text}</p>
          {summary.drawable ? (
            <div
              role="figure"
              aria-label={t("stream.spectrum")}
              aria-description={summary.text}
              className={css["still"]}
            >
              <CanvasView height={SPECTRUM_HEIGHT} draw={spectrum} />
            </div>
          ) : null}
        </Panel>
      </div>
    </>
  );
}

const STAIRCASE_UNIT = {
  exact: "stream.staircaseTokens",
  estimated: "stream.staircaseEstimated",
  chunks: "stream.staircaseChunks",
} as const;

function wholeWidth(canvas: HTMLCanvasElement) {
  return { x: 0, width: canvas.clientWidth };
}

/** Below this many gaps a distribution says nothing. */
const FEWEST_GAPS = 8;

function useSpectrumSentence(model: StreamModel): { readonly text: string; readonly drawable: boolean } {
  const t = useT();
  const format = useFormat();
  return useMemo(() => {
    const spectrum = gapSpectrum(model);
    if (spectrum.gaps < FEWEST_GAPS) return { text: t("stream.spectrumFew"), drawable: false };
    if (spectrum.stalls === 0) {
      const median = model.rule.medianUs;
      const text = t("stream.spectrumCalm", {
        gaps: spectrum.gaps,
        median: format.duration(median === undefined ? undefined : median / 1e6),
      });
      return { text, drawable: true };
    }
    const text = t("stream.spectrumSentence", {
      stalls: format.exact(spectrum.stalls),
      gaps: spectrum.gaps,
      share: format.share(spectrum.stalls / spectrum.gaps),
      timeShare: format.share(spectrum.stallUs / spectrum.totalUs),
    });
    return { text, drawable: true };
  }, [model, t, format]);
}

function Quality({ model }: { readonly model: StreamModel }) {
  const t = useT();
  return (
    <>
      {model.merged ? <Chip text={t("stream.merged")} amber /> : null}
      {model.axis === "estimated" ? <Chip text={t("stream.estimated")} /> : null}
      {model.axis === "chunks" ? <Chip text={t("stream.chunks")} amber /> : null}
    </>
  );
}

function Legend(props: { readonly model: StreamModel; readonly accent: string }) {
  const t = useT();
  const { tokens } = useTheme();
  const present = KINDS.filter((_, number) => props.model.kind.includes(number));
  const pauses = new Set(props.model.pauses.map((pause) => pause.kind));
  return (
    <span className={css["legend"]}>
      {present.map((kind) => (
        <span key={kind}>
          <span
            className={css["swatch"]}
            style={{ background: kindColour(kind, props.accent, tokens) }}
            aria-hidden="true"
          />
          {t(`stream.${kind}`)}
        </span>
      ))}
      {pauses.has("stall") ? (
        <span>
          <span className={`${css["swatch"]} ${css["stalls"]}`} aria-hidden="true" />
          {t("stream.stall")}
        </span>
      ) : null}
      {pauses.has("toolWait") ? (
        <span>
          <span className={`${css["swatch"]} ${css["tool_wait"]}`} aria-hidden="true" />
          {t("stream.toolWait")}
        </span>
      ) : null}
    </span>
  );
}

function ZoomButtons({ controls }: { readonly controls: StreamControls }) {
  const t = useT();
  const middle = controls.cursorUs ?? (controls.window.fromUs + controls.window.toUs) / 2;
  return (
    <span className={css["zoom"]} title={t("stream.zoomHint")}>
      {controls.zoomed ? (
        <Button look="quiet" onClick={controls.reset}>
          {t("stream.reset")}
        </Button>
      ) : null}
      <Button
        look="quiet"
        iconOnly
        aria-label={t("stream.zoomOut")}
        disabled={!controls.zoomed}
        onClick={() => controls.zoom(2, middle)}
      >
        <ZoomOut size={15} aria-hidden="true" />
      </Button>
      <Button look="quiet" iconOnly aria-label={t("stream.zoomIn")} onClick={() => controls.zoom(0.5, middle)}>
        <ZoomIn size={15} aria-hidden="true" />
      </Button>
    </span>
  );
}

function stallText(model: StreamModel, index: number, t: Translate, format: Format): string {
  const pause = model.pauses[index];
  if (pause === undefined) return t("stream.noStalls");
  const kind = t(pause.kind === "toolWait" ? "stream.toolWait" : pause.long ? "stream.longStall" : "stream.stall");
  return t("stream.stallAnnounce", {
    kind,
    n: index + 1,
    total: model.pauses.length,
    length: format.duration((pause.toUs - pause.fromUs) / 1e6),
    time: format.duration(pause.fromUs / 1e6),
  });
}

/** Keys of a stream figure; false when the key means nothing here. */
function streamKey(
  event: KeyboardEvent,
  model: StreamModel,
  controls: StreamControls,
  onTable: () => void,
  onStall: (index: number) => void,
): boolean {
  const around = controls.cursorUs ?? (controls.window.fromUs + controls.window.toUs) / 2;
  const stall = (by: 1 | -1) => {
    const at = controls.cursorUs ?? -1;
    const next =
      by > 0
        ? model.pauses.findIndex((pause) => pause.fromUs > at)
        : model.pauses.findLastIndex((pause) => pause.fromUs < at);
    const pause = model.pauses[next];
    if (pause !== undefined) controls.show(pause.fromUs);
    if (pause !== undefined || model.pauses.length === 0) onStall(next);
  };
  const actions: Readonly<Record<string, () => void>> = {
    ArrowRight: () => (event.shiftKey ? stall(1) : controls.step(1)),
    ArrowLeft: () => (event.shiftKey ? stall(-1) : controls.step(-1)),
    Home: () => controls.show(model.firstUs),
    End: () => controls.show(model.lastUs),
    "+": () => controls.zoom(0.5, around),
    "=": () => controls.zoom(0.5, around),
    "-": () => controls.zoom(2, around),
    "0": controls.reset,
    T: onTable,
  };
  const action = actions[event.key];
  if (action === undefined || event.ctrlKey || event.metaKey || event.altKey) return false;
  action();
  return true;
}
