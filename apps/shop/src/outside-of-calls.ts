import { AsyncLocalStorage } from "node:async_hooks";

/**
 * Runs `body` as if no handler were running: calls made inside have a deadline of their own and go on when the
 * caller of the handler is gone. For what must happen all the same, such as giving back what was reserved.
 */
export const outsideOfCalls: <T>(body: () => T) => T = AsyncLocalStorage.snapshot();
