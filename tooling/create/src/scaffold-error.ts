/** A wish that cannot be met; the message says why and what to do. */
export class ScaffoldError extends Error {
  override readonly name = "ScaffoldError";
}
