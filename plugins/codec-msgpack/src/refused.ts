import { MicroError } from "@micro/core";

/** What the texts of errors begin with. */
export const CONTENT_TYPE = "application/msgpack";

/** The `BAD_REQUEST` error of a body that is not read. */
export function refused(what: string, cause?: unknown): MicroError {
  return new MicroError({ code: "BAD_REQUEST", detail: `${CONTENT_TYPE} body: ${what}`, cause });
}

/** For the end of a refusal: which option allows more. */
export function raise(option: string): string {
  return `; raise codec.msgpack_${option} if such messages are meant`;
}
