import { text } from "node:stream/consumers";
import { open } from "./app/open.ts";
import { serve } from "./app/serve.ts";
import type { CliOutput } from "./cli/ports.ts";
import { runCli } from "./cli/run.ts";
import { systemClock } from "./kernel/clock.ts";

/** Kept equal to package.json by test/app/main.test.ts. */
const version = "0.1.0";

const stop = new AbortController();
for (const name of ["SIGINT", "SIGTERM"] as const) {
  process.on(name, () => {
    // The second time whoever sends it means it.
    if (stop.signal.aborted) process.exit(1);
    stop.abort(new DOMException(`Stopped by ${name}`, "AbortError"));
  });
}
// A reader that has gone (`countersign get stores | head -1`) is no failure of ours.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
});

function output(stream: NodeJS.WriteStream): CliOutput {
  return {
    write: (text) => void stream.write(text),
    isTerminal: stream.isTTY,
    columns: stream.columns ?? 80,
    colour: stream.isTTY && (process.env["NO_COLOR"] ?? "") === "",
  };
}

process.exitCode = await runCli(
  process.argv.slice(2),
  {
    open: (options, signal) => open(options, { env: process.env }, signal),
    serve: (options, signal) => serve(options, { env: process.env, stdout: output(process.stdout), stderr: output(process.stderr) }, signal),
    stdout: output(process.stdout),
    stderr: output(process.stderr),
    stdin: () => text(process.stdin),
    now: () => systemClock.now(),
    deadline: systemClock.deadline.bind(systemClock),
    version,
  },
  stop.signal,
);
