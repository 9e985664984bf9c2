import { type Command, Option } from "commander";
import { nearestName } from "../api/nearest.ts";
import { CliError } from "./cli-error.ts";
import type { CompositionOptions } from "./ports.ts";

/** Where the operator's own Secrets live unless told otherwise. */
const defaultNamespace = "countersign-system";
const defaultTimeout = "30s";
/** An hour: longer waits are a mistake in the unit. */
const maxTimeoutMs = 3_600_000;
const unitMs: ReadonlyMap<string, number> = new Map([
  ["ms", 1],
  ["s", 1000],
  ["m", 60_000],
  ["h", 3_600_000],
]);

/** What says by which objects a command judges; every command but `version` has them. */
export interface SourceOptions {
  readonly manifests?: string;
  readonly kubeconfig?: string;
  readonly namespace: string;
  readonly fileRoot?: string;
}
export interface CommonOptions extends SourceOptions {
  /** `--timeout` in milliseconds. */
  readonly timeout: number;
}

export function addSourceOptions(command: Command): Command {
  const sources = command
    .addOption(
      new Option("--manifests <DIR>", "judge by the YAML files of this directory, without a cluster").argParser(nonEmpty("--manifests")),
    )
    .addOption(
      new Option("--kubeconfig <FILE>", "judge by the objects of this cluster (default: as kubectl finds it)")
        .argParser(nonEmpty("--kubeconfig"))
        .conflicts("manifests"),
    );
  return addReadingOptions(sources);
}

/** What else says how objects are read, wherever they come from. */
function addReadingOptions(command: Command): Command {
  return command
    .addOption(
      new Option("--namespace <NS>", "where Secrets, ConfigMaps and ServiceAccounts are read")
        .default(defaultNamespace)
        .argParser(namespaceParser("--namespace")),
    )
    .addOption(
      new Option("--file-root <DIR>", "files that objects name must lie below it (default: none may be read)").argParser(
        nonEmpty("--file-root"),
      ),
    );
}

export function addCommonOptions(command: Command): Command {
  return addSourceOptions(command).addOption(timeoutOption());
}

/** As {@link addCommonOptions}, with two directories of manifests in the place of one source. */
export function addComparingOptions(command: Command): Command {
  const directories = new Option("--manifests <DIR>", "give it twice: the manifests as they are, then as they would be").argParser(
    (directory: string, given: readonly string[] | undefined) => [...(given ?? []), nonEmpty("--manifests")(directory)],
  );
  return addReadingOptions(command.addOption(directories)).addOption(timeoutOption());
}

function timeoutOption(): Option {
  return new Option("--timeout <DURATION>", "how long each step may take: reading the configuration, one image, one round of probes")
    .default(parseTimeout(defaultTimeout), defaultTimeout)
    .argParser(parseTimeout);
}

/** `-o`; the first format is the default. */
export function outputOption<F extends string>(formats: readonly [F, ...F[]]): Option {
  return new Option("-o, --output <FORMAT>", "how the answer is printed")
    .default(formats[0])
    .choices(formats)
    .argParser((text) => parseChoice("--output", text, formats));
}

/** `--in-namespace NS`. */
export function inNamespaceOption(description: string): Option {
  return new Option("--in-namespace <NS>", description).argParser(namespaceParser("--in-namespace"));
}

/** The parts of the options that app/ opens a composition with. */
export function compositionOptions(options: SourceOptions): CompositionOptions {
  return {
    ...(options.manifests !== undefined && { manifests: options.manifests }),
    ...(options.kubeconfig !== undefined && { kubeconfig: options.kubeconfig }),
    namespace: options.namespace,
    ...(options.fileRoot !== undefined && { fileRoot: options.fileRoot }),
  };
}

/** @throws CliError CLI_USAGE naming the nearest choice */
export function parseChoice<F extends string>(option: string, text: string, choices: readonly F[]): F {
  const found = choices.find((choice) => choice === text);
  if (found !== undefined) return found;
  const near = nearestName(text, choices);
  throw new CliError("CLI_USAGE", `${option} does not know "${text}"`, {
    advice: near === undefined ? `write one of ${choices.join(", ")}` : `write ${near} (there are ${choices.join(", ")})`,
  });
}

/** A duration as Go writes it (`30s`, `1m30s`, `500ms`) in milliseconds; 1 ms to 1 h. @throws CliError CLI_USAGE */
export function parseTimeout(text: string): number {
  const parts = /^(?:\d{1,7}(?:ms|s|m|h))+$/.test(text) ? [...text.matchAll(/(\d+)(ms|s|m|h)/g)] : [];
  const total = parts.reduce((sum, [, count, unit]) => sum + Number(count) * (unitMs.get(unit ?? "") ?? 0), 0);
  if (total > 0 && total <= maxTimeoutMs) return total;
  const advice =
    /^\d{1,7}$/.test(text) && Number(text) > 0
      ? `write the unit: ${text}s or ${text}ms`
      : "write a number and a unit between 1ms and 1h, such as 30s, 1m30s or 500ms";
  throw new CliError("CLI_USAGE", `--timeout does not understand "${text}"`, { advice });
}

/** RFC 1123 label, as a namespace's name is (it becomes part of a URL). @throws CliError CLI_USAGE */
function namespaceParser(option: string): (text: string) => string {
  return (text) => {
    if (text.length <= 63 && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(text)) return text;
    throw new CliError("CLI_USAGE", `${option}: "${text}" cannot be a namespace`, {
      advice: "write at most 63 lower-case letters, digits and hyphens",
    });
  };
}

/** An empty path is most often an unset variable of a script: refused, for it would mean another directory or another cluster. */
export function nonEmpty(option: string): (text: string) => string {
  return (text) => {
    if (text !== "") return text;
    throw new CliError("CLI_USAGE", `${option} is empty`, { advice: `give ${option} a path, or leave it out` });
  };
}
