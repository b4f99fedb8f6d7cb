/** Prometheus' word for why there is no answer, each with its status. */
const STATUS_OF = {
  bad_data: 400,
  unauthorized: 401,
  forbidden: 403,
  not_found: 404,
  execution: 422,
  timeout: 503,
  canceled: 503,
  unavailable: 503,
} as const;

/** `errorType` of the envelope. */
export type ErrorType = keyof typeof STATUS_OF;

/** A question that cannot be answered: type, status and text as Prometheus' clients expect them. */
export class QueryFault extends Error {
  readonly errorType: ErrorType;

  constructor(errorType: ErrorType, message: string) {
    super(message);
    this.name = "QueryFault";
    this.errorType = errorType;
  }

  get status(): (typeof STATUS_OF)[ErrorType] {
    return STATUS_OF[this.errorType];
  }
}

/** A parameter that cannot be read. */
export function badParameter(name: string, problem: string): QueryFault {
  return new QueryFault("bad_data", `invalid parameter "${name}": ${problem}`);
}

/** An expression that is no PromQL. */
export function badExpression(problem: string): QueryFault {
  return badParameter("query", `parse error: ${problem}`);
}

/** PromQL that needs evaluation, which is left to a Prometheus: refused, never approximated. */
export function notEvaluated(what: string): QueryFault {
  return new QueryFault(
    "execution",
    `${what} is not supported here: this server answers selectors and constants exactly and evaluates nothing else; ` +
      "a Prometheus that scrapes the same /metrics pages answers it",
  );
}
