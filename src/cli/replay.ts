import { compareReports } from "../tape/compare.ts";
import { TapeError } from "../tape/tape-error.ts";
import { CliError } from "./cli-error.ts";
import { bounded, type CommandContext } from "./command.ts";
import { printable } from "./escape.ts";
import type { ReplayedReport } from "./ports.ts";
import { toReportDocument } from "./report-document.ts";
import { tapeAdvice } from "./tape-advice.ts";

/** `file`: of `--replay`. @throws CliError CLI_USAGE for an image; CLI_REPLAY_FAILED for what cannot be played, CLI_TIMEOUT */
export async function replayed(
  file: string,
  given: readonly string[],
  { timeoutMs, context }: { readonly timeoutMs: number; readonly context: CommandContext },
): Promise<ReplayedReport> {
  if (given.length > 0)
    throw new CliError("CLI_USAGE", "--replay takes no image: the recording says which one", { advice: "leave the image out" });
  try {
    return await bounded(context, { timeoutMs, doing: `replaying "${file}"` }, (signal) => context.deps.replay(file, signal));
  } catch (error) {
    if (!(error instanceof TapeError)) throw error;
    throw new CliError("CLI_REPLAY_FAILED", `Cannot replay "${file}"`, { advice: tapeAdvice[error.code], cause: error });
  }
}

/** In what the replay differs from what was recorded, times aside; none: the recording stands. */
export function differencesOf(replay: ReplayedReport, version: string): readonly string[] {
  const { report, explanation, printed, recordedBy, differences } = replay;
  const isSameVersion = recordedBy === version;
  // As it would be read from a file, as the other one was.
  const document: unknown = JSON.parse(JSON.stringify(toReportDocument(report, explanation)));
  const found = [...compareReports(printed, document, { isSameVersion }), ...differences];
  const versions = `it was recorded by version ${recordedBy}, and this is ${version}`;
  return found.length > 0 && !isSameVersion ? [...found, versions] : found;
}

/** What a reader has to know who is to believe the report. */
export function notesOf({ startTime, recordedBy, keys }: ReplayedReport): string {
  const from = `note: replayed what was recorded at ${new Date(startTime).toISOString()} by version ${printable(recordedBy)}; nobody was contacted\n`;
  if (keys.length === 0) return `${from}note: the recording trusts no key\n`;
  const trusted = keys.map(({ provider, name, algorithm, fingerprint }) => {
    const kind = provider.includes("/") ? "NamespacedKeyProvider" : "KeyProvider";
    return `note: the recording trusts ${printable(`${kind}/${provider} key "${name}" (${algorithm}, ${fingerprint})`)}\n`;
  });
  return `${from}${trusted.join("")}`;
}
