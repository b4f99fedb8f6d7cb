export { envelope, errorBodySchema, messageSchema, metaSchema, type ErrorBody, type Message } from "./envelope.ts";
export {
  CSRF_HEADER,
  loginAnswerSchema,
  loginRequestSchema,
  passwordRequestSchema,
  sessionSchema,
  type LoginAnswer,
  type LoginRequest,
  type PasswordRequest,
  type Session,
} from "./session.ts";
export {
  rangeQuerySchema,
  requestSortSchema,
  requestsQuerySchema,
  SERIES_STEPS,
  seriesQuerySchema,
  type RangeQuery,
  type RequestsQuery,
  type RequestSort,
  type SeriesQuery,
} from "./query.ts";
export {
  facetsSchema,
  modelRowSchema,
  pipelineSchema,
  seriesSchema,
  sparklinesSchema,
  statSchema,
  summarySchema,
  tilesSchema,
  type FacetsAnswer,
  type ModelRow,
  type Pipeline,
  type Series,
  type Stat,
  type Summary,
  type Tiles,
} from "./summary.ts";
export {
  requestDetailSchema,
  requestListSchema,
  requestRowSchema,
  SPLIT_PARTS,
  splitSchema,
  streamSchema,
  type RequestDetail,
  type RequestList,
  type RequestRow,
  type StreamView,
} from "./requests.ts";
export { SETUP_REASON_IDS, VERDICT_IDS, type SetupReasonId, type VerdictId } from "./message-ids.ts";
export { inFlightSchema, type OpenCall, type OpenCalls } from "./in-flight.ts";
export { LIVE_TOPICS, liveEventSchema, type LiveEvent } from "./live.ts";
export { setupCheckSchema, setupTestSchema, type SetupCheck, type SetupTest } from "./setup.ts";
export {
  backupReportSchema,
  backupRequestSchema,
  purgePreviewSchema,
  purgeReportSchema,
  purgeRequestSchema,
  purgeSelectorSchema,
  retentionReportSchema,
  verifyReportSchema,
  type BackupReportAnswer,
  type PurgePreviewAnswer,
  type PurgeReportAnswer,
  type PurgeSelectorInput,
  type RetentionReportAnswer,
  type VerifyReportAnswer,
} from "./data.ts";
export {
  createdTokenSchema,
  createTokenSchema,
  revokedTokenSchema,
  revokeTokenSchema,
  TOKEN_SCOPES,
  tokenInfoSchema,
  tokenListSchema,
  type TokenInfo,
  type TokenScope,
} from "./tokens.ts";
