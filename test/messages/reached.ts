import { globSync, readFileSync } from "node:fs";
import { Session } from "node:inspector/promises";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** Where the source makes something that a person reads: a coded error, or a failure, refusal or diagnostic with a text of its own. */
const makers =
  /\bnew (?!Type|Range|Invariant)[A-Z]\w*Error\(|(?<!function |[#.])\b(?:failed\(|refuse\(|storeError\(|limitExceeded\(|reject\(")|\bmessage: ?[`"']/g;

export interface Place {
  /** `src/cli/get.ts: throw new CliError(…`: without its line, which moves. */
  readonly text: string;
  readonly path: string;
  readonly offset: number;
}

export function places(): readonly Place[] {
  return globSync("src/**/*.ts", { cwd: root })
    .toSorted()
    .flatMap((path) => {
      const source = readFileSync(`${root}${path}`, "utf8");
      return Array.from(source.matchAll(makers), ({ index }) => {
        const from = source.lastIndexOf("\n", index) + 1;
        const line = source.slice(from, source.indexOf("\n", index)).trim();
        return { text: `${path}: ${line}`, path, offset: index };
      });
    });
}

/** Which places of the source were reached while `work` ran. Types are stripped to blanks, so that offsets are those of the file. */
export async function reached(work: () => Promise<void>): Promise<(place: Place) => boolean> {
  const session = new Session();
  session.connect();
  try {
    await session.post("Profiler.enable");
    await session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
    await work();
    const { result } = await session.post("Profiler.takePreciseCoverage");
    const scripts = new Map(result.map(({ url, functions }) => [url, functions.flatMap(({ ranges }) => ranges)]));
    return ({ path, offset }) => {
      const around = (scripts.get(new URL(path, `file://${root}`).href) ?? []).filter(
        ({ startOffset, endOffset }) => startOffset <= offset && offset < endOffset,
      );
      const innermost = around.toSorted((a, b) => a.endOffset - a.startOffset - (b.endOffset - b.startOffset))[0];
      return (innermost?.count ?? 0) > 0;
    };
  } finally {
    session.disconnect();
  }
}
