import type { Command } from "commander";
import { type CommandContext, withComposition } from "./command.ts";
import { printDocument } from "./document.ts";
import { type ExitCode, exitCodes } from "./exit.ts";
import { addCommonOptions, type CommonOptions, outputOption } from "./options.ts";
import { paintFor } from "./paint.ts";
import type { CheckEntry } from "./ports.ts";
import { renderTable } from "./table.ts";

const formats = ["table", "json", "yaml"] as const;
interface CheckOptions extends CommonOptions {
  readonly output: (typeof formats)[number];
}

export function addCheck(program: Command, context: CommandContext): Command {
  const command = program
    .command("check")
    .description("say of every object whether it is accepted; exits 1 if one is not")
    .addOption(outputOption(formats))
    .action(async (options: CheckOptions) => context.finish(await check(options, context)));
  return addCommonOptions(command);
}

async function check(options: CheckOptions, context: CommandContext): Promise<ExitCode> {
  return withComposition(options, context, async (composition) => {
    const { stdout, stderr } = context.deps;
    const entries = composition.check();
    stdout.write(options.output === "table" ? renderCheck(entries, context) : printDocument(entries.map(toDocument), options.output));
    if (entries.length === 0) stderr.write("note: there is no object to check\n");
    return entries.every((entry) => entry.accepted) ? exitCodes.ok : exitCodes.no;
  });
}

/** The members in one order, and none but these. */
function toDocument(entry: CheckEntry): CheckEntry {
  const { kind, namespace, name, accepted, reason, path, message } = entry;
  return {
    kind,
    ...(namespace !== undefined && { namespace }),
    name,
    accepted,
    reason,
    ...(path !== undefined && { path }),
    ...(message !== undefined && { message }),
  };
}

function renderCheck(entries: readonly CheckEntry[], context: CommandContext): string {
  const paint = paintFor(context.deps.stdout);
  const table = renderTable(
    {
      columns: ["kind", "name", "accepted", "reason", "message"],
      rows: entries.map((entry) => [entry.kind, nameOf(entry), entry.accepted ? "True" : "False", entry.reason, wrongOf(entry)]),
    },
    { decorate: (text, column, row) => (column === 2 ? paint(entries[row]?.accepted === true ? "good" : "bad", text) : text) },
  );
  const [all, refused] = [countObjects(entries), countObjects(entries.filter((entry) => !entry.accepted))];
  const total = `${all} ${all === 1 ? "object" : "objects"}`;
  return entries.length === 0 ? "" : `${table}\n${refused === 0 ? `${total}, all accepted` : `${total}, ${refused} not accepted`}\n`;
}

/** An object has an entry for each thing that is wrong with it. */
export function countObjects(entries: readonly CheckEntry[]): number {
  return new Set(entries.map((entry) => `${entry.kind} ${nameOf(entry)}`)).size;
}

function nameOf(entry: CheckEntry): string {
  return entry.namespace === undefined ? entry.name : `${entry.namespace}/${entry.name}`;
}
/** As the API server writes it: `spec.registries[0]: …`. */
function wrongOf(entry: CheckEntry): string {
  const parts = [entry.path, entry.message].filter((part) => part !== undefined && part !== "");
  return parts.length === 0 ? "-" : parts.join(": ");
}
