// Code generated from library.proto by `micro generate`. DO NOT EDIT.
import { defineContract, serverStream, unary } from "@micro/core";
import { defineFile, defineMessage, type MessageType } from "@micro/core/message";
import { Timestamp, timestampFile } from "@micro/core/wkt";

/** `library.proto`. */
export const libraryFile = defineFile({
  name: "library.proto",
  package: "library.v1",
  imports: [timestampFile],
});

/** A book of the library. */
export interface Book {
  isbn: string;
  title: string;
  author: string;
}
export const Book: MessageType<Book> = defineMessage(
  libraryFile,
  "Book",
  () => ({
    isbn: { number: 1, type: "string" },
    title: { number: 2, type: "string" },
    author: { number: 3, type: "string" },
  }),
  { description: "A book of the library." },
);

export interface FindRequest {
  /** Part of the author's name. */
  author: string;
  /** At most so many; all of them without it. */
  limit?: number | undefined;
}
export const FindRequest: MessageType<FindRequest> = defineMessage(libraryFile, "FindRequest", () => ({
  author: { number: 1, type: "string" },
  limit: { number: 2, type: "uint32", optional: true },
}));

export interface FindReply {
  books: Book[];
}
export const FindReply: MessageType<FindReply> = defineMessage(libraryFile, "FindReply", () => ({
  books: { number: 1, type: Book, repeated: true },
}));

export interface LendRequest {
  isbn: string;
  reader: string;
  /** 14 without it. */
  days?: number | undefined;
}
export const LendRequest: MessageType<LendRequest> = defineMessage(libraryFile, "LendRequest", () => ({
  isbn: { number: 1, type: "string" },
  reader: { number: 2, type: "string" },
  days: { number: 3, type: "uint32", optional: true },
}));

export interface Loan {
  isbn: string;
  reader: string;
  until?: Timestamp | undefined;
}
export const Loan: MessageType<Loan> = defineMessage(libraryFile, "Loan", () => ({
  isbn: { number: 1, type: "string" },
  reader: { number: 2, type: "string" },
  until: { number: 3, type: Timestamp },
}));

export interface FollowRequest {
  isbn: string;
}
export const FollowRequest: MessageType<FollowRequest> = defineMessage(libraryFile, "FollowRequest", () => ({
  isbn: { number: 1, type: "string" },
}));

/** Lends books. */
export const Library = defineContract({
  name: "Library",
  service: "library.proto",
  file: libraryFile,
  description: "Lends books.",
  methods: {
    /** Finds the books of an author. */
    find: unary({
      input: FindRequest,
      output: FindReply,
      idempotent: true,
      description: "Finds the books of an author.",
    }),
    /** Lends a book. */
    lend: unary({ input: LendRequest, output: Loan, description: "Lends a book." }),
    /** Tells of the loans of a book, the oldest first. */
    follow: serverStream({
      input: FollowRequest,
      output: Loan,
      description: "Tells of the loans of a book, the oldest first.",
    }),
  },
});
