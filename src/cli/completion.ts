import { Argument, type Command } from "commander";
import type { CommandContext } from "./command.ts";
import { bashCompletion } from "./completion-bash.ts";
import { fishCompletion } from "./completion-fish.ts";
import { type CompletedProgram, toCompletedProgram } from "./completion-model.ts";
import { zshCompletion } from "./completion-zsh.ts";
import { exitCodes } from "./exit.ts";
import { parseChoice } from "./options.ts";

const shells = ["bash", "zsh", "fish"] as const;
type Shell = (typeof shells)[number];
const scripts: { readonly [S in Shell]: (program: CompletedProgram) => string } = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
};

export function addCompletion(program: Command, context: CommandContext): Command {
  return program
    .command("completion")
    .description("print a script that completes commands, options and their values in a shell")
    .addArgument(new Argument("<SHELL>", "whose script").choices(shells).argParser((text) => parseChoice("completion", text, shells)))
    .action((shell: Shell) => {
      context.deps.stdout.write(scripts[shell](toCompletedProgram(program)));
      context.finish(exitCodes.ok);
    });
}
