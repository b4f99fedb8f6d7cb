import type { StreamModel } from "../../canvas/stream-model.ts";
import type { StreamWords } from "../../canvas/stream-style.ts";
import type { Translate } from "../../i18n/i18n-context.tsx";

/** Labels of the stream drawings; chunks are called chunks where tokens are unknown. */
export function streamWords(t: Translate, model: StreamModel): StreamWords {
  return {
    ttft: t("stream.ttft"),
    firstAnswer: t("stream.firstAnswer"),
    firstTool: t("stream.firstTool"),
    wait: t("stream.wait"),
    reasoning: t("stream.reasoning"),
    tool: t("stream.tool"),
    answer: t("stream.answer"),
    tail: t("stream.tail"),
    speedUnit: t(model.axis === "chunks" ? "stream.chunkSpeedUnit" : "stream.speedUnit"),
    countAxis: t("stream.countAxis"),
    timeAxis: t("stream.timeAxis"),
  };
}
