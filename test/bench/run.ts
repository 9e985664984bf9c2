/** `npm run bench`: every benchmark in turn, as a Markdown table with machine and revision; `--only=NAME` picks one. Nothing passes or fails. */
import { execFileSync } from "node:child_process";
import { availableParallelism, cpus, totalmem } from "node:os";
import { run as bundle } from "./bundle.ts";
import { run as clouds } from "./clouds.ts";
import { run as compile } from "./compile.ts";
import { type Row, run as keychain } from "./keychain.ts";
import { run as rotation } from "./rotation.ts";
import { run as serving } from "./serving.ts";
import { run as verification } from "./verification.ts";

const benchmarks: Readonly<Record<string, () => Promise<readonly Row[]>>> = {
  keychain,
  compile,
  verification,
  serving,
  rotation,
  bundle,
  clouds,
};
const only = process.argv.find((argument) => argument.startsWith("--only="))?.slice("--only=".length);

const revision = execFileSync("git", ["rev-parse", "--short", "HEAD"], { encoding: "utf8" }).trim();
const machine = `${availableParallelism()} × ${cpus()[0]?.model ?? "unknown"}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node.js ${process.version}`;
process.stdout.write(`Revision ${revision}; ${machine}.\n\n| what | measured | budget |\n|---|---:|---:|\n`);
for (const [name, run] of Object.entries(benchmarks)) {
  if (only !== undefined && only !== name) continue;
  for (const row of await run()) {
    const value = row.value >= 1000 ? Math.round(row.value).toLocaleString("en") : row.value.toPrecision(3);
    process.stdout.write(
      `| ${row.name} | ${value} ${row.unit} | ${row.budget === undefined ? "" : `${row.budget.toLocaleString("en")} ${row.unit}`} |\n`,
    );
  }
}
