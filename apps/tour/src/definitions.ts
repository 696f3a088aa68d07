import { setTimeout as sleep } from "node:timers/promises";
import { broker } from "@micro/broker";
import { client } from "@micro/client";
import { defineService, implement, MicroError, subscribe } from "@micro/core";
import { auditContract, greeterContract, JOBS, NEWS, type Note, type Receipt } from "./contracts.ts";

/** The greeter under a name of its own, so that receipts can say which one received. */
export const greeterNamed = (receiver: string) =>
  defineService({
    name: "greeter",
    version: "1.0.0",
    needs: [client, broker],
    handlers: [
      implement(greeterContract, {
        hello: ({ name }) => ({ message: `Hello ${name}` }),
        find({ name }) {
          throw new MicroError({ id: "greeter", code: "NOT_FOUND", detail: `no such name: ${name}` });
        },
        async sleep({ ms }, context) {
          await sleep(ms, undefined, { signal: context.signal });
          return { slept: ms };
        },
        async *countdown({ from }) {
          for (let n = from; n > 0; n--) yield { n };
        },
        async *chat(lines) {
          for await (const { text } of lines) yield { text: text.toUpperCase() };
        },
      }),
    ],
    subscribers: ({ client: caller }) => {
      const audit = caller.of(auditContract);
      const receive = (topic: string) => async (note: Note) => {
        await audit.record({ topic, receiver, id: note.id });
      };
      return [subscribe(NEWS, receive(NEWS)), subscribe(JOBS, receive(JOBS), { queue: "workers" })];
    },
  });

/** Keeps the receipts, and is a subscriber itself. */
export const auditService = () => {
  const receipts: Receipt[] = [];
  return defineService({
    name: "audit",
    version: "1.0.0",
    needs: [broker],
    handlers: [
      implement(auditContract, {
        record: (receipt) => ({ total: receipts.push(receipt) }),
        report: ({ topic }) => ({ receipts: receipts.filter((receipt) => receipt.topic === topic) }),
      }),
    ],
    subscribers: [
      subscribe(NEWS, (note: Note) => void receipts.push({ topic: NEWS, receiver: "audit", id: note.id })),
    ],
  });
};
