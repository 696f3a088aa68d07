import { defineService, implement } from "@micro/core";
import { timestampOf } from "@micro/core/wkt";
import { Library as ProtoLibrary } from "./gen/library.ts";
import { Library as CodeLibrary } from "./library-code.ts";
import { Shelf, type ShelfLoan } from "./shelf.ts";

/** The library of `proto/library.proto`: messages are complete, times are Timestamps, an absent field is undefined. */
export const protoLibrary = (shelf = new Shelf()) => {
  const message = ({ isbn, reader, until }: ShelfLoan) => ({ isbn, reader, until: timestampOf(until) });
  return defineService({
    name: "library.proto",
    version: "1.0.0",
    handlers: [
      implement(ProtoLibrary, {
        find: ({ author, limit }) => ({ books: shelf.find(author, limit ?? 10) }),
        lend: ({ isbn, reader, days }) => message(shelf.lend({ isbn, reader, days: days ?? 14 })),
        async *follow({ isbn }) {
          for (const loan of shelf.loansOf(isbn)) yield message(loan);
        },
      }),
    ],
  });
};

/** The library of `library-code.ts`: the schemas have checked the requests and filled in their defaults. */
export const codeLibrary = (shelf = new Shelf()) => {
  const plain = ({ isbn, reader, until }: ShelfLoan) => ({ isbn, reader, until: until.toISOString() });
  return defineService({
    name: "library.code",
    version: "1.0.0",
    handlers: [
      implement(CodeLibrary, {
        find: ({ author, limit }) => ({ books: shelf.find(author, limit) }),
        lend: (request) => plain(shelf.lend(request)),
        async *follow({ isbn }) {
          for (const loan of shelf.loansOf(isbn)) yield plain(loan);
        },
      }),
    ],
  });
};
