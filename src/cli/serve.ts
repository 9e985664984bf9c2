import { type Command, Option } from "commander";
import { CliError } from "./cli-error.ts";
import type { CommandContext } from "./command.ts";
import { exitCodes } from "./exit.ts";
import { addSourceOptions, compositionOptions, parseChoice, type SourceOptions } from "./options.ts";
import type { ServeOptions } from "./ports.ts";

const logLevels = ["debug", "info", "warn", "error"] as const;
const defaultHealthPort = 8080;
const maxPort = 65_535;

interface ServeArguments extends SourceOptions {
  readonly healthPort: number;
  readonly logLevel: ServeOptions["logLevel"];
  readonly watchImage: readonly string[];
  readonly once: boolean;
  readonly applyCrds?: string;
}

export function addServe(program: Command, context: CommandContext): Command {
  const command = program
    .command("serve")
    .description("run the operator: keep probing the stores and writing their status, until stopped")
    .addOption(
      new Option("--health-port <PORT>", "port of /healthz, /readyz and /metrics; 0: none").default(defaultHealthPort).argParser(parsePort),
    )
    .addOption(
      new Option("--log-level <LEVEL>", "what is logged: this, and what is worse")
        .default("info")
        .choices(logLevels)
        .argParser((text) => parseChoice("--log-level", text, logLevels)),
    )
    .addOption(
      new Option("--watch-image <IMAGE>", "print this image's verdict, and again whenever it changes (with --manifests; may be repeated)")
        .default([], "none")
        .argParser((text, before: readonly string[]) => [...before, text]),
    )
    .addOption(new Option("--once", "end after the first full picture (with --manifests)").default(false, "keep running"))
    .addOption(new Option("--apply-crds <DIR>", "apply these CustomResourceDefinitions first (with a cluster)").conflicts("manifests"))
    .action(async (options: ServeArguments) => {
      await context.deps.serve(toServeOptions(options), context.signal);
      context.finish(exitCodes.ok);
    });
  return addSourceOptions(command);
}

function toServeOptions(options: ServeArguments): ServeOptions {
  if (options.manifests === undefined) {
    if (options.once) throw needsManifests("--once");
    if (options.watchImage.length > 0) throw needsManifests("--watch-image");
  }
  return {
    ...compositionOptions(options),
    healthPort: options.healthPort,
    logLevel: options.logLevel,
    watchImages: options.watchImage,
    once: options.once,
    ...(options.applyCrds !== undefined && { applyCrds: options.applyCrds }),
  };
}

function needsManifests(option: string): CliError {
  return new CliError("CLI_USAGE", `${option} works with --manifests only`, { advice: `add --manifests DIR, or leave ${option} out` });
}

function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : maxPort + 1;
  if (port <= maxPort) return port;
  throw new CliError("CLI_USAGE", `--health-port: "${text}" is no port`, {
    advice: `write a number between 1 and ${maxPort}, or 0 for none`,
  });
}
