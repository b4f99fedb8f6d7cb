/** Service level objectives; each that is absent is not asked for. */
export interface Objectives {
  readonly sloTtftSeconds?: number;
  readonly sloTpotSeconds?: number;
  readonly sloDurationSeconds?: number;
}
