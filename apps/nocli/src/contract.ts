import { defineContract, unary } from "@micro/core";

/** What the service promises and clients rely on. */
export const greeterContract = defineContract({
  name: "Greeter",
  service: "greeter",
  methods: {
    hello: unary<{ readonly name: string }, { readonly message: string }>({ idempotent: true }),
  },
});
