import { defineContract, unary } from "@micro/core";

/** What the service promises and the client relies on. */
export const clockContract = defineContract({
  name: "Clock",
  service: "clock",
  methods: {
    now: unary<Record<string, never>, { readonly time: string }>({ idempotent: true }),
  },
});
