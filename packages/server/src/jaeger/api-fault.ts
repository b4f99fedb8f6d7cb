/** A question that cannot be answered: the status and the text its asker gets. */
export class ApiFault extends Error {
  readonly status: 400 | 401 | 403 | 404 | 501 | 503;

  constructor(status: ApiFault["status"], message: string) {
    super(message);
    this.name = "ApiFault";
    this.status = status;
  }
}

/** A parameter that cannot be read. */
export function badParameter(name: string, problem: string): ApiFault {
  return new ApiFault(400, `unable to parse parameter '${name}': ${problem}`);
}
