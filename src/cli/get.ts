import { Argument, type Command, Option } from "commander";
import { nearestName } from "../api/nearest.ts";
import { type ResourceKind, resourceKinds } from "../api/object.ts";
import { kindTable } from "../api/kinds.ts";
import { CliError } from "./cli-error.ts";
import { toTable } from "./columns.ts";
import { bounded, type CommandContext, withComposition } from "./command.ts";
import { printDocument } from "./document.ts";
import { type ExitCode, exitCodes } from "./exit.ts";
import { parseKind, pluralOf } from "./kinds.ts";
import { addCommonOptions, type CommonOptions, inNamespaceOption, outputOption } from "./options.ts";
import type { ObjectRow } from "./ports.ts";
import { renderTable } from "./table.ts";

const formats = ["table", "wide", "json", "yaml"] as const;
interface GetOptions extends CommonOptions {
  readonly output: (typeof formats)[number];
  readonly inNamespace?: string;
  readonly allNamespaces?: true;
}
/** As `kubectl` without a context of its own. */
const defaultNamespace = "default";

export function addGet(program: Command, context: CommandContext): Command {
  const command = program
    .command("get")
    .description("print objects and their status as kubectl would; with --manifests every registry is probed once")
    .addArgument(
      new Argument("<KIND>", "what to print; singular and short names do as well")
        .choices(resourceKinds.map(pluralOf))
        .argParser(parseKind),
    )
    .argument("[NAME]", "one object only")
    .addOption(inNamespaceOption(`of a namespaced kind: the objects of this namespace (default: ${defaultNamespace})`))
    .addOption(new Option("-A, --all-namespaces", "of a namespaced kind: the objects of every namespace").conflicts("inNamespace"))
    .addOption(outputOption(formats))
    .action(async (kind: ResourceKind, name: string | undefined, options: GetOptions) =>
      context.finish(await get({ kind, name }, options, context)),
    );
  return addCommonOptions(command);
}

async function get(
  what: { readonly kind: ResourceKind; readonly name: string | undefined },
  options: GetOptions,
  context: CommandContext,
): Promise<ExitCode> {
  const { kind, name } = what;
  const namespace = namespaceOf(what, options);
  return withComposition(options, context, async (composition) => {
    const all = await bounded(context, { timeoutMs: options.timeout, doing: `reading ${pluralOf(kind)}` }, (signal) =>
      composition.rows(kind, signal),
    );
    const sorted = all.filter((row) => namespace === undefined || row.namespace === namespace).toSorted(byName);
    const rows = name === undefined ? sorted : [findRow({ name, kind, namespace }, sorted)];
    const { stdout, stderr, now } = context.deps;
    switch (options.output) {
      case "table":
      case "wide":
        if (rows.length === 0)
          stderr.write(namespace === undefined ? "No resources found\n" : `No resources found in ${namespace} namespace.\n`);
        stdout.write(
          renderTable(
            toTable(kind, rows, {
              wide: options.output === "wide",
              now: now(),
              withNamespace: isNamespaced(kind) && options.allNamespaces === true,
            }),
          ),
        );
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

function isNamespaced(kind: ResourceKind): boolean {
  return kindTable[kind].scope === "Namespaced";
}

/** Whose objects are wanted; undefined: of no namespace, or of every one. Of a cluster-scoped kind the options mean nothing, as for kubectl. */
function namespaceOf(
  { kind, name }: { readonly kind: ResourceKind; readonly name: string | undefined },
  options: GetOptions,
): string | undefined {
  if (!isNamespaced(kind)) return undefined;
  if (options.allNamespaces !== true) return options.inNamespace ?? defaultNamespace;
  if (name === undefined) return undefined;
  throw new CliError("CLI_USAGE", `One ${kind} cannot be asked for across all namespaces`, {
    advice: "write --in-namespace NS in place of --all-namespaces",
  });
}

function byName(a: ObjectRow, b: ObjectRow): number {
  const [first, second] = [a, b].map(({ namespace = "", name }) => `${namespace}/${name}`);
  return (first ?? "") < (second ?? "") ? -1 : 1;
}

function findRow(
  wanted: { readonly name: string; readonly kind: ResourceKind; readonly namespace: string | undefined },
  rows: readonly ObjectRow[],
): ObjectRow {
  const { name, kind, namespace } = wanted;
  const found = rows.find((row) => row.name === name);
  if (found !== undefined) return found;
  const near = nearestName(
    name,
    rows.map((row) => row.name),
  );
  const where = namespace === undefined ? "" : ` in namespace ${namespace}`;
  const names = rows.slice(0, 5).map((row) => row.name);
  const advice =
    near !== undefined
      ? `write ${near}`
      : rows.length === 0
        ? `there are no ${pluralOf(kind)}${where}`
        : `there are ${names.join(", ")}${rows.length > names.length ? ", …" : ""}`;
  throw new CliError("CLI_NOT_FOUND", `There is no ${kind} "${name}"${where}`, { advice });
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
