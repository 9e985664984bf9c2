import type { Command } from "commander";
import type { CommandContext } from "./command.ts";
import { printDocument } from "./document.ts";
import { exitCodes } from "./exit.ts";
import { outputOption } from "./options.ts";

const formats = ["text", "json", "yaml"] as const;

export function addVersion(program: Command, context: CommandContext): Command {
  return program
    .command("version")
    .description("print the version")
    .addOption(outputOption(formats))
    .action((options: { readonly output: (typeof formats)[number] }) => {
      const { stdout, version } = context.deps;
      stdout.write(
        options.output === "text" ? `countersign ${version}\n` : printDocument({ name: "countersign", version }, options.output),
      );
      context.finish(exitCodes.ok);
    });
}
