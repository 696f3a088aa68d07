import { defineContract, unary } from "@micro/core";

/** What the service promises. */
export const mirrorContract = defineContract({
  name: "Mirror",
  service: "mirror",
  methods: {
    /** How the request came. */
    look: unary<unknown, { readonly contentType: string | undefined }>({ idempotent: true }),
    /** Answers after a while. */
    wait: unary<{ readonly ms: number }, { readonly waited: number }>(),
  },
});
