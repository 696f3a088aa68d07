import { type Expiring, UNWATCHED } from "@micro/core";

/** A caller that has begun a call and not sent its request yet: it has no longer for that than for the call. */
export class RequestWait implements Expiring {
  readonly dueAt: number;
  readonly expire: () => void;
  slot = UNWATCHED;
  previous: Expiring | undefined = undefined;
  next: Expiring | undefined = undefined;

  constructor(deadline: number, expire: () => void) {
    this.dueAt = deadline;
    this.expire = expire;
  }
}
