import { defineContract, serverStream, unary } from "@micro/core";
import * as v from "valibot";
import * as z from "zod";

/** A book of the library. */
const Book = z.object({ isbn: z.string(), title: z.string(), author: z.string() }).meta({ id: "Book" });

const Loan = z.object({ isbn: z.string(), reader: z.string(), until: z.iso.datetime() }).meta({ id: "Loan" });

/**
 * What `proto/library.proto` says, in TypeScript, with more than a .proto can say: what may not be empty, how long a
 * loan may be, what is meant if nothing is said. Zod and valibot side by side: each method takes its schemas as it likes.
 */
export const Library = defineContract({
  name: "Library",
  service: "library.code",
  description: "Lends books.",
  methods: {
    find: unary({
      description: "Finds the books of an author.",
      idempotent: true,
      input: z.strictObject({
        author: z.string().min(1).describe("Part of the author's name."),
        limit: z.int().min(1).max(100).default(10),
      }),
      output: z.object({ books: z.array(Book) }),
    }),
    lend: unary({
      description: "Lends a book.",
      input: z.strictObject({
        isbn: z.string().regex(/^\d{13}$/, "must have 13 digits"),
        reader: z.string().min(1),
        days: z.int().min(1).max(60).default(14),
      }),
      output: Loan,
    }),
    follow: serverStream({
      description: "Tells of the loans of a book, the oldest first.",
      input: v.strictObject({ isbn: v.string() }),
      output: Loan,
    }),
  },
});
