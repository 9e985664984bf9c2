import { CliError } from "./cli-error.ts";
import type { CommandContext } from "./command.ts";

const fromStdin = "-";
/** More would take hours, and their reports memory. */
const mostListed = 10_000;

/**
 * The images of a command line in order; `-` stands for the lines of standard input (empty ones are skipped, a carriage return before the line feed is not part of one).
 * @throws CliError CLI_USAGE where `-` is given twice
 */
export async function readImages(given: readonly string[], context: CommandContext): Promise<readonly string[]> {
  const dashes = given.filter((image) => image === fromStdin).length;
  if (dashes === 0) return given;
  if (dashes > 1) throw new CliError("CLI_USAGE", `"-" is given ${dashes} times`, { advice: "standard input can be read once only" });
  const lines = linesOf(await context.deps.stdin(context.signal)).filter((line) => line !== "");
  return given.flatMap((image) => (image === fromStdin ? lines : image));
}

/**
 * The images of a file, or with `-` of standard input, each once: one a line, without the space around it; `#` at the beginning of a line or after a space begins a
 * comment. @throws CliError CLI_USAGE where there are too many; what reading throws
 */
export async function readImagesFrom(file: string, { deps, signal }: CommandContext): Promise<readonly string[]> {
  const text = await (file === fromStdin ? deps.stdin(signal) : deps.readFile(file, signal));
  const images = [...new Set(linesOf(text).flatMap((line) => line.replace(/(?:^|\s)#.*$/su, "").trim() || []))];
  if (images.length <= mostListed) return images;
  throw new CliError("CLI_USAGE", `--images-from names ${images.length} images, and ${mostListed} are the most`, {
    advice: "split the list",
  });
}

function linesOf(text: string): readonly string[] {
  return text.split("\n").map((line) => (line.endsWith("\r") ? line.slice(0, -1) : line));
}

/** Whether a command prints one object rather than an array: one image, written on the command line. */
export function isSingle(given: readonly string[]): boolean {
  return given.length === 1 && given[0] !== fromStdin;
}
