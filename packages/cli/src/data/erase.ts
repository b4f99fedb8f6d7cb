import { purgePreviewSchema, purgeReportSchema, type PurgeSelectorInput } from "@nexent/monitor-api";
import { bytesText, confirm, type DataContext } from "./data-command.ts";

/** Shows what would go, asks, and erases it for good. Exit code 1 when refused; `--dry-run` only shows. */
export async function erase(context: DataContext, selector: PurgeSelectorInput): Promise<number> {
  const { values, output, session } = context;
  const preview = await session.post("/api/data/purge/preview", selector, purgePreviewSchema);
  output.line(`${preview.spans} spans of ${preview.traces} traces on ${preview.days.length} days`);
  if (preview.spans > 0 || preview.quarantinedFiles > 0)
    output.line(
      `${bytesText(preview.bytesToRewrite)} to read through, ${preview.quarantinedFiles} unreadable files to erase`,
    );
  if (values["dry-run"] === true) return 0;
  if (!(await confirm("Erase them? This cannot be undone.", context))) {
    output.line("Nothing was erased.");
    return 1;
  }
  const report = await session.post("/api/data/purge", { planId: preview.planId }, purgeReportSchema);
  output.line(`${report.spans} spans erased (${report.previewedSpans} previewed).`);
  if (report.metricSamples > 0) output.line(`${report.metricSamples} metric samples of that time erased.`);
  return 0;
}
