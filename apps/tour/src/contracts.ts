import { bidiStream, defineContract, serverStream, unary } from "@micro/core";

/** What the greeter offers. */
export const greeterContract = defineContract({
  name: "Greeter",
  service: "greeter",
  methods: {
    hello: unary<{ readonly name: string }, { readonly message: string }>({ idempotent: true }),
    find: unary<{ readonly name: string }, { readonly message: string }>(),
    sleep: unary<{ readonly ms: number }, { readonly slept: number }>(),
    countdown: serverStream<{ readonly from: number }, { readonly n: number }>(),
    chat: bidiStream<{ readonly text: string }, { readonly text: string }>(),
  },
});

/** Who received which message. */
export interface Receipt {
  readonly topic: string;
  readonly receiver: string;
  readonly id: number;
}

/** What the audit service offers. */
export const auditContract = defineContract({
  name: "Audit",
  service: "audit",
  methods: {
    record: unary<Receipt, { readonly total: number }>(),
    report: unary<{ readonly topic: string }, { readonly receipts: readonly Receipt[] }>({
      idempotent: true,
    }),
  },
});

/** Every subscriber gets these. */
export const NEWS = "tour.news";
/** One of the greeters gets each of these. */
export const JOBS = "tour.jobs";

/** What is published on both. */
export interface Note {
  readonly id: number;
}
