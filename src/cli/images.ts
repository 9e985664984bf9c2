import { CliError } from "./cli-error.ts";
import type { CommandContext } from "./command.ts";

const fromStdin = "-";

/**
 * The images of a command line in order; `-` stands for the lines of standard input (empty ones are skipped, a carriage return before the line feed is not part of one).
 * @throws CliError CLI_USAGE where `-` is given twice
 */
export async function readImages(given: readonly string[], context: CommandContext): Promise<readonly string[]> {
  const dashes = given.filter((image) => image === fromStdin).length;
  if (dashes === 0) return given;
  if (dashes > 1) throw new CliError("CLI_USAGE", `"-" is given ${dashes} times`, { advice: "standard input can be read once only" });
  const lines = (await context.deps.stdin(context.signal))
    .split("\n")
    .flatMap((line) => (line.endsWith("\r") ? line.slice(0, -1) : line) || []);
  return given.flatMap((image) => (image === fromStdin ? lines : image));
}

/** Whether a command prints one object rather than an array: one image, written on the command line. */
export function isSingle(given: readonly string[]): boolean {
  return given.length === 1 && given[0] !== fromStdin;
}
