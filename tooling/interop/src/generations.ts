/** One generation of Go Micro that the matrix runs against. */
export interface Generation {
  /** As the wire specification tags it: `22` or `26`. */
  readonly id: "22" | "26";
  /** Import path of the module that stands for it. */
  readonly importPath: string;
  readonly version: string;
  /** Why this module stands for the generation. */
  readonly standsFor: string;
}

/**
 * The modules that could be fetched, nearest to the two generations of the specification. Neither microwire nor
 * go-micro v6 is served by the Go module proxy.
 */
export const GENERATIONS: readonly Generation[] = [
  {
    id: "22",
    importPath: "go-micro.dev/v4",
    version: "v4.9.0",
    standsFor: "microwire of October 2022, which was forked from this code base in the same month",
  },
  {
    id: "26",
    importPath: "go-micro.dev/v5",
    version: "v5.30.0",
    standsFor: "go-micro v6 of August 2026; this release is from June 2026",
  },
];
