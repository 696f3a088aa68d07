import { defineContract, serverStream, unary } from "@micro/core";

/** What this service promises. Clients import it too: it is all that they need to know. */
export const sampleContract = defineContract({
  name: "Sample",
  service: "sample.service",
  methods: {
    hello: unary<{ readonly name: string }, { readonly text: string }>({
      description: "Greets somebody.",
      idempotent: true,
    }),
    count: serverStream<{ readonly to: number }, { readonly n: number }>({
      description: "Counts from 1, one message each.",
    }),
  },
});
