import { Command, CommanderError } from "commander";
import { addCheck } from "./check.ts";
import { CliError } from "./cli-error.ts";
import type { CommandContext } from "./command.ts";
import { addCompletion } from "./completion.ts";
import { addDiff } from "./diff.ts";
import { addDiscover } from "./discover.ts";
import { describeError } from "./error-text.ts";
import { type ExitCode, exitCodes } from "./exit.ts";
import { addExplain } from "./explain.ts";
import { addGet } from "./get.ts";
import type { CliDeps } from "./ports.ts";
import { addResolve } from "./resolve.ts";
import { addServe } from "./serve.ts";
import { addVerify } from "./verify.ts";
import { addVersion } from "./version.ts";

/** Every command in the order in which help lists them: one file each. */
const commands: readonly ((program: Command, context: CommandContext) => Command)[] = [
  addVerify,
  addDiscover,
  addResolve,
  addDiff,
  addExplain,
  addCheck,
  addGet,
  addServe,
  addCompletion,
  addVersion,
];

/**
 * Runs one command line (without the program's name) and returns its exit code (docs/reference/cli.md). Never throws: whatever goes wrong is
 * printed to `deps.stderr`. `signal` stops the command: `serve` then ends with 0, every other with 130.
 */
export async function runCli(argv: readonly string[], deps: CliDeps, signal: AbortSignal): Promise<number> {
  // A command that ends without saying how has failed.
  let code: ExitCode = exitCodes.failure;
  const context: CommandContext = { deps, signal, finish: (finished) => (code = finished) };
  try {
    await program(context).parseAsync([...argv], { from: "user" });
    return code;
  } catch (error) {
    return report(error, deps, signal);
  }
}

function report(error: unknown, deps: CliDeps, signal: AbortSignal): ExitCode {
  if (error instanceof CommanderError && error.exitCode === 0) return exitCodes.ok; // help and --version were printed
  if (error instanceof HelpShown) return exitCodes.usage;
  if (signal.aborted && !(error instanceof CliError)) {
    deps.stderr.write("interrupted: there is no answer\n");
    return exitCodes.interrupted;
  }
  const { text, exit } = describeError(error);
  deps.stderr.write(text);
  return exit;
}

function program(context: CommandContext): Command {
  const { stdout, stderr, version } = context.deps;
  const root = new Command("countersign")
    .description("Decides whether a container image may run, by the signatures attached to it.")
    .version(version, "-V, --version", "print the version")
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: (text) => stderr.write(text),
      outputError: () => {
        /* runCli prints errors in its own form */
      },
      getOutHelpWidth: () => stdout.columns,
      getErrHelpWidth: () => stderr.columns,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .addHelpText("after", "\nExit codes: 0 allow, 1 deny, 2 inconclusive, 64 usage, 70 the command itself failed.");
  root.exitOverride((error) => refuse(error, "countersign"));
  for (const add of commands) {
    const command = add(root, context);
    command.exitOverride((error) => refuse(error, `countersign ${command.name()}`));
  }
  return root;
}

/** Help was asked for by leaving the command out: it is printed already, and a usage error all the same. */
class HelpShown extends CliError {}

/** Commander's refusals in our form: what was wrong, and the nearest valid thing where it found one (its second line). */
function refuse(error: CommanderError, name: string): never {
  if (error.exitCode === 0) throw error;
  if (error.code === "commander.help") throw new HelpShown("CLI_USAGE", "No command was given", { advice: `"${name} --help" lists them` });
  const [what = "", hint] = error.message
    .replace(/^error: /, "")
    .replace(/\.$/, "")
    .split("\n");
  const all = `"${name} --help" lists what there is`;
  throw new CliError("CLI_USAGE", what.charAt(0).toUpperCase() + what.slice(1), {
    // "(Did you mean --manifests?)"
    advice: hint === undefined ? all : `${hint.charAt(1).toLowerCase()}${hint.slice(2, -1)} ${all}`,
    cause: error,
  });
}
