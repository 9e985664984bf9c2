import { readInput, readInputFile } from "./app/input.ts";
import { open } from "./app/open.ts";
import { replayFile } from "./app/replay.ts";
import { serve } from "./app/serve.ts";
import { createTapeFile } from "./app/tape-file.ts";
import type { CliOutput } from "./cli/ports.ts";
import { runCli } from "./cli/run.ts";
import { systemClock } from "./kernel/clock.ts";

/** Kept equal to package.json by test/app/main.test.ts. */
const version = "0.1.0";

const stop = new AbortController();
for (const name of ["SIGINT", "SIGTERM"] as const) {
  process.on(name, () => {
    // The second time whoever sends it means it.
    if (stop.signal.aborted) process.exit(130);
    stop.abort(new DOMException(`Stopped by ${name}`, "AbortError"));
  });
}
// A reader that has gone (`countersign get stores | head -1`): as if ended by SIGPIPE, and never 0, which would say "allowed".
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(141);
});

/** POSIX: the first of these that is set and not empty says which characters the terminal shows. */
const locale = ["LC_ALL", "LC_CTYPE", "LANG"].map((name) => process.env[name] ?? "").find((value) => value !== "") ?? "";

function output(stream: NodeJS.WriteStream): CliOutput {
  const isTerminal: boolean | undefined = stream.isTTY; // undefined on a pipe, whatever its type says
  return {
    write: (text) => void stream.write(text),
    isTerminal: isTerminal ?? false,
    columns: stream.columns ?? 80,
    colour: (isTerminal ?? false) && (process.env["NO_COLOR"] ?? "") === "",
    unicode: /utf-?8/i.test(locale),
  };
}

process.exitCode = await runCli(
  process.argv.slice(2),
  {
    open: (options, signal) => open(options, { env: process.env, version }, signal),
    serve: (options, signal) =>
      serve(
        options,
        {
          env: process.env,
          stdout: output(process.stdout),
          stderr: output(process.stderr),
          // Standalone mode has its tables on standard output.
          logStream: options.manifests === undefined ? process.stdout : process.stderr,
          version,
        },
        signal,
      ),
    createFile: createTapeFile,
    replay: (path, signal) => replayFile(path, { clock: systemClock }, signal),
    stdout: output(process.stdout),
    stderr: output(process.stderr),
    stdin: (signal) => readInput(process.stdin, signal),
    readFile: readInputFile,
    now: () => systemClock.now(),
    deadline: systemClock.deadline.bind(systemClock),
    version,
  },
  stop.signal,
);
