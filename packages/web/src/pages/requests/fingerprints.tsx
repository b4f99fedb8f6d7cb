import { decodeFingerprint } from "@nexent/monitor-core";
import type { RequestRow } from "@nexent/monitor-api";
import { useCallback } from "react";
import { drawFingerprint, FINGERPRINT_HEIGHT, FINGERPRINT_WIDTH } from "../../canvas/fingerprint.ts";
import type { Box, Pen } from "../../canvas/pen.ts";
import { CanvasView } from "../../components/canvas-view.tsx";
import { accentColour, modelAccent } from "../../theme/model-accent.ts";
import { useTheme } from "../../theme/theme-context.tsx";
import css from "./requests.module.css";

interface FingerprintsProps {
  readonly rows: readonly RequestRow[];
  readonly accents: Readonly<Record<string, number>>;
  readonly top: number;
  readonly rowHeight: number;
  /** Middle of the fingerprint inside of its row. */
  readonly middle: number;
  readonly phone: boolean;
}

/** One canvas for the fingerprints of all mounted rows, over their last column. */
export function Fingerprints(props: FingerprintsProps) {
  const { tokens } = useTheme();
  const { rows, accents, rowHeight, middle } = props;
  const draw = useCallback(
    (pen: Pen, box: Box) => {
      pen.clearRect(box.x, box.y, box.width, box.height);
      rows.forEach((row, index) => {
        const buckets = row.fingerprint === undefined ? undefined : decodeFingerprint(row.fingerprint);
        if (buckets === undefined) return;
        const y = index * rowHeight + middle - FINGERPRINT_HEIGHT / 2;
        const accent = accentColour(tokens, modelAccent(accents[row.model]));
        drawFingerprint(
          pen,
          { buckets, accent },
          { x: 0, y, width: FINGERPRINT_WIDTH, height: FINGERPRINT_HEIGHT },
          tokens,
        );
      });
    },
    [rows, accents, rowHeight, middle, tokens],
  );
  return (
    <div className={`${css["prints"]} ${props.phone ? css["phonePrints"] : ""}`} style={{ top: props.top }}>
      <CanvasView height={rows.length * rowHeight} draw={draw} />
    </div>
  );
}
