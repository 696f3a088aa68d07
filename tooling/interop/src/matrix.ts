import { REPLAYS, runReplay } from "./captured.ts";
import { GENERATIONS } from "./generations.ts";
import { buildPeer } from "./go-build.ts";
import { CAPTURES, type CaptureId } from "./recordings.ts";
import { DIRECTIONS, type Outcome } from "./row.ts";
import { ROWS } from "./rows/index.ts";
import { runRow } from "./run-row.ts";
import { World } from "./world.ts";

/** One cell of the matrix. */
export interface Cell {
  readonly verdict: Outcome["verdict"] | "fail";
  readonly note: string;
}

/** What became of one row. */
export interface ResultLine {
  readonly row: string;
  readonly title: string;
  /** By column; a column that is missing has nothing to run. */
  readonly cells: ReadonlyMap<string, Cell>;
}

/** The columns with their headings. */
export const COLUMNS: ReadonlyMap<string, string> = new Map([
  ...GENERATIONS.flatMap(({ id, version }) =>
    DIRECTIONS.map((direction) => [`${id} ${direction}`, `${version} ${direction}`] as const),
  ),
  ...Object.entries(CAPTURES).map(([id, name]) => [`captured ${id}`, `${name}, captured`] as const),
]);

/** Runs everything, one generation beside the other; `report` is told as it happens. */
export async function runMatrix(options: {
  /** Version of Go, which the programs are kept under. */
  readonly toolchain: string;
  readonly wanted: (row: string) => boolean;
  readonly report: (line: string) => void;
}): Promise<readonly ResultLine[]> {
  const rows = ROWS.filter(({ row }) => options.wanted(row));
  const cells = new Map(rows.map(({ row }) => [row, new Map<string, Cell>()]));
  const note = (row: string, column: string, cell: Cell): void => {
    cells.get(row)?.set(column, cell);
    options.report(`${row} ${column}: ${cell.verdict}${cell.note === "" ? "" : `: ${cell.note}`}`);
  };
  const programs: [World, string][] = [];
  for (const generation of GENERATIONS) {
    options.report(`building the Go peer of ${generation.importPath}@${generation.version}`);
    programs.push([new World(generation, await buildPeer(generation, options.toolchain)), generation.id]);
  }
  await Promise.all(
    programs.map(async ([world, id]) => {
      try {
        for (const row of rows) {
          for (const direction of DIRECTIONS) {
            note(row.row, `${id} ${direction}`, await cellOf(() => runRow(row, direction, world)));
          }
        }
        if (id === GENERATIONS[0]?.id) await replay(world, note);
      } finally {
        await world.stop();
      }
    }),
  );
  return rows.map(({ row, title }) => ({ row, title, cells: cells.get(row) ?? new Map() }));
}

async function replay(world: World, note: (row: string, column: string, cell: Cell) => void): Promise<void> {
  for (const id of Object.keys(CAPTURES) as CaptureId[]) {
    for (const one of REPLAYS) {
      const cell = await cellOf(async () => {
        for (const direction of DIRECTIONS) await runReplay(one, id, { direction, world });
        return { verdict: "pass" };
      });
      note(one.row, `captured ${id}`, cell);
    }
  }
}

async function cellOf(run: () => Promise<Outcome>): Promise<Cell> {
  try {
    const { verdict, note = "" } = await run();
    return { verdict, note };
  } catch (error) {
    return { verdict: "fail", note: (error as Error).message.split("\n").slice(0, 12).join(" ") };
  }
}
