import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { CodedError } from "../../src/kernel/error.ts";

/** A text archive as Go's tests use it: a comment, then files each after a line `-- name --`. */
export interface Archive {
  readonly comment: string;
  readonly files: ReadonlyMap<string, string>;
}

export class TxtarError extends CodedError<"TXTAR_INVALID"> {
  constructor(message: string) {
    super("TXTAR_INVALID", message, { remedy: "fix-configuration" });
  }
}

export function parseArchive(text: string): Archive {
  const files = new Map<string, string>();
  let comment = "";
  let name: string | undefined;
  for (const line of text.split(/(?<=\n)/)) {
    const marker = /^-- (.+) --\n?$/.exec(line)?.[1];
    if (marker !== undefined) {
      name = marker.trim();
      if (files.has(name)) throw new TxtarError(`File "${name}" stands twice in the archive`);
      files.set(name, "");
    } else if (name === undefined) comment += line;
    else files.set(name, (files.get(name) ?? "") + line);
  }
  return { comment, files };
}

/** Writes the files below `directory`; a name that leads out of it is refused. */
export function extractArchive(archive: Archive, directory: string): void {
  for (const [name, content] of archive.files) {
    const path = normalize(name);
    if (path.startsWith("..") || path.startsWith("/")) throw new TxtarError(`File "${name}" leads out of the archive`);
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), content);
  }
}

/**
 * One command of a session. In the comment: `> countersign ARGS`, then any number of `0| line` (standard input), `1| line` (standard output),
 * `2| line` (standard error) and `exit N` (0 where it is left out). Everything else is prose.
 */
export interface Step {
  readonly line: number;
  readonly argv: readonly string[];
  readonly stdin: string;
  readonly expected: Outcome;
}
export interface Outcome {
  readonly stdout: string;
  readonly stderr: string;
  readonly exit: number;
}

export function parseSession(comment: string): readonly Step[] {
  const steps: { line: number; argv: string[]; stdin: string; stdout: string; stderr: string; exit: number }[] = [];
  comment.split("\n").forEach((text, at) => {
    const command = /^> countersign ?(.*)$/.exec(text);
    if (command !== null) {
      steps.push({ line: at + 1, argv: splitWords(command[1] ?? ""), stdin: "", stdout: "", stderr: "", exit: 0 });
      return;
    }
    const expected = /^([012])\|(?: (.*))?$/.exec(text);
    const exit = /^exit (\d+)$/.exec(text);
    const step = steps.at(-1);
    if (expected === null && exit === null) return;
    if (step === undefined) throw new TxtarError(`Line ${at + 1} expects something before any command`);
    if (exit !== null) step.exit = Number(exit[1]);
    if (expected === null) return;
    const line = `${expected[2] ?? ""}\n`;
    if (expected[1] === "0") step.stdin += line;
    if (expected[1] === "1") step.stdout += line;
    if (expected[1] === "2") step.stderr += line;
  });
  return steps.map(({ line, argv, stdin, stdout, stderr, exit }) => ({ line, argv, stdin, expected: { stdout, stderr, exit } }));
}

/** Words of a command line; single and double quotes keep spaces, nothing else is special. */
export function splitWords(text: string): string[] {
  return [...text.matchAll(/(?:'[^']*'|"[^"]*"|[^\s'"])+/g)].map(([word]) =>
    word.replaceAll(/'([^']*)'|"([^"]*)"/g, (_, one: string | undefined, two: string | undefined) => one ?? two ?? ""),
  );
}

/** Runs every command of an archive and gives back its text with what really came out, to be compared with (or to replace) the file. */
export async function replaySession(text: string, run: (step: Step) => Promise<Outcome>): Promise<string> {
  const at = text.search(/^-- .+ --$/m);
  const comment = at < 0 ? text : text.slice(0, at);
  const lines = comment.split("\n");
  const replayed: string[] = [];
  let next = 0;
  for (const step of parseSession(comment)) {
    // Prose before the command, the command, its standard input; then what came out in place of what was expected.
    while (next < step.line) replayed.push(lines[next++] ?? "");
    while (/^([012]\||exit \d)/.test(lines[next] ?? "")) {
      const line = lines[next++] ?? "";
      if (line.startsWith("0|")) replayed.push(line);
    }
    const outcome = await run(step);
    replayed.push(...prefixed("1|", outcome.stdout), ...prefixed("2|", outcome.stderr));
    if (outcome.exit !== 0) replayed.push(`exit ${outcome.exit}`);
  }
  return [...replayed, ...lines.slice(next)].join("\n") + (at < 0 ? "" : text.slice(at));
}

function prefixed(prefix: string, text: string): readonly string[] {
  if (text === "") return [];
  return (text.endsWith("\n") ? text.slice(0, -1) : `${text}\\ no line feed`)
    .split("\n")
    .map((line) => (line === "" ? prefix : `${prefix} ${line}`));
}

/** Reads a golden file, or writes it first where `UPDATE_GOLDEN=1` is set. */
export function golden(path: string, actual: string): string {
  if (process.env["UPDATE_GOLDEN"] === "1") {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, actual);
  }
  return readFileSync(path, "utf8");
}
