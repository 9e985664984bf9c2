import { Argument, type Command } from "commander";
import { nearestName } from "../api/nearest.ts";
import { type Kind, kinds } from "../api/object.ts";
import { CliError } from "./cli-error.ts";
import { toTable } from "./columns.ts";
import { bounded, type CommandContext, withComposition } from "./command.ts";
import { printDocument } from "./document.ts";
import { type ExitCode, exitCodes } from "./exit.ts";
import { parseKind, pluralOf } from "./kinds.ts";
import { addCommonOptions, type CommonOptions, outputOption } from "./options.ts";
import type { ObjectRow } from "./ports.ts";
import { renderTable } from "./table.ts";

const formats = ["table", "wide", "json", "yaml"] as const;
interface GetOptions extends CommonOptions {
  readonly output: (typeof formats)[number];
}

export function addGet(program: Command, context: CommandContext): Command {
  const command = program
    .command("get")
    .description("print objects and their status as kubectl would; with --manifests every registry is probed once")
    .addArgument(
      new Argument("<KIND>", "what to print; singular and short names do as well").choices(kinds.map(pluralOf)).argParser(parseKind),
    )
    .argument("[NAME]", "one object only")
    .addOption(outputOption(formats))
    .action(async (kind: Kind, name: string | undefined, options: GetOptions) =>
      context.finish(await get({ kind, name }, options, context)),
    );
  return addCommonOptions(command);
}

async function get(
  what: { readonly kind: Kind; readonly name: string | undefined },
  options: GetOptions,
  context: CommandContext,
): Promise<ExitCode> {
  return withComposition(options, context, async (composition) => {
    const { kind, name } = what;
    const all = await bounded(context, { timeoutMs: options.timeout, doing: `reading ${pluralOf(kind)}` }, (signal) =>
      composition.rows(kind, signal),
    );
    const sorted = all.toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
    const rows = name === undefined ? sorted : [findRow(name, sorted, kind)];
    const { stdout, stderr, now } = context.deps;
    switch (options.output) {
      case "table":
      case "wide":
        if (rows.length === 0) stderr.write("No resources found\n");
        stdout.write(renderTable(toTable(kind, rows, { wide: options.output === "wide", now: now() })));
        break;
      case "json":
      case "yaml": {
        const items = rows.map((row) => toDocument(row.object));
        const document = name === undefined ? { apiVersion: "v1", items, kind: "List", metadata: { resourceVersion: "" } } : items[0];
        stdout.write(printDocument(document, options.output));
        break;
      }
    }
    return exitCodes.ok;
  });
}

function findRow(name: string, rows: readonly ObjectRow[], kind: Kind): ObjectRow {
  const found = rows.find((row) => row.name === name);
  if (found !== undefined) return found;
  const near = nearestName(
    name,
    rows.map((row) => row.name),
  );
  const names = rows.slice(0, 5).map((row) => row.name);
  const advice =
    near !== undefined
      ? `write ${near}`
      : rows.length === 0
        ? `there are no ${pluralOf(kind)}`
        : `there are ${names.join(", ")}${rows.length > names.length ? ", …" : ""}`;
  throw new CliError("CLI_NOT_FOUND", `There is no ${kind} "${name}"`, { advice });
}

/** As kubectl prints an object: members in alphabetical order, without `managedFields`. */
function toDocument(object: unknown): unknown {
  return sorted(object, (path) => path === ".metadata.managedFields", "");
}

function sorted(value: unknown, leaveOut: (path: string) => boolean, path: string): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => sorted(item, () => false, ""));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => !leaveOut(`${path}.${name}`))
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, member]) => [name, sorted(member, leaveOut, `${path}.${name}`)]),
  );
}
