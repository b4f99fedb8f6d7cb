import type { IngestAnswer } from "./ingest.ts";

/** One answer for the slices of a request: that of a slice that was not kept, else what all of them add up to. */
export function joinAnswers(answers: readonly IngestAnswer[]): IngestAnswer {
  const [only] = answers;
  if (only !== undefined && answers.length === 1) return only;
  const failed =
    answers.find(({ status }) => status === "unavailable") ?? answers.find(({ status }) => status === "overloaded");
  if (failed !== undefined) return failed;
  let [accepted, rejected] = [0, 0];
  const reasons = new Set<string>();
  for (const answer of answers) {
    if (answer.status === "accepted") accepted += answer.items;
    if (answer.status !== "partial") continue;
    accepted += answer.accepted;
    rejected += answer.rejected;
    reasons.add(answer.reason);
  }
  if (rejected === 0) return { status: "accepted", items: accepted };
  return { status: "partial", accepted, rejected, reason: reasonOf([...reasons]) };
}

/** What was wrong in the first slices says enough. */
function reasonOf(reasons: readonly string[]): string {
  const [first = "", ...others] = reasons;
  return others.length === 0 ? first : `${first}; and likewise in other parts of the request`;
}
