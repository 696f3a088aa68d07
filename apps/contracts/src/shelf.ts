import { MicroError } from "@micro/core";

/** A book of the library. */
export interface ShelfBook {
  readonly isbn: string;
  readonly title: string;
  readonly author: string;
}

/** Who has a book until when. */
export interface ShelfLoan {
  readonly isbn: string;
  readonly reader: string;
  readonly until: Date;
}

const BOOKS: readonly ShelfBook[] = [
  { isbn: "9780141439518", title: "Pride and Prejudice", author: "Jane Austen" },
  { isbn: "9780141439587", title: "Emma", author: "Jane Austen" },
  { isbn: "9780141439471", title: "Frankenstein", author: "Mary Shelley" },
];
const DAY_MS = 24 * 60 * 60 * 1000;

/** What the library does, whatever its contract is written in. */
export class Shelf {
  readonly #loans: ShelfLoan[] = [];

  /** Books of the authors with this in their name. */
  find(author: string, limit: number): ShelfBook[] {
    return BOOKS.filter((book) => book.author.includes(author)).slice(0, limit);
  }

  /** Throws a MicroError `NOT_FOUND` for a book that the library does not have. */
  lend({
    isbn,
    reader,
    days,
  }: {
    readonly isbn: string;
    readonly reader: string;
    readonly days: number;
  }): ShelfLoan {
    if (!BOOKS.some((book) => book.isbn === isbn)) {
      throw new MicroError({ id: "library", code: "NOT_FOUND", detail: `no book ${isbn}` });
    }
    const loan = { isbn, reader, until: new Date(Date.now() + days * DAY_MS) };
    this.#loans.push(loan);
    return loan;
  }

  /** The oldest first. */
  loansOf(isbn: string): ShelfLoan[] {
    return this.#loans.filter((loan) => loan.isbn === isbn);
  }
}
