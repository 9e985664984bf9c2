import type { Argument, Command, Option } from "commander";

/** What may stand in a place of the command line. */
export interface CompletedValue {
  /** As help writes it: `DIR`. */
  readonly name: string;
  /** Empty: anything, or a path. */
  readonly choices: readonly string[];
  /** Names of the file system are offered. */
  readonly path?: "directory" | "file";
}
export interface CompletedOption {
  /** `-o`, `--output`: the short one first. */
  readonly flags: readonly string[];
  readonly description: string;
  /** Absent: it takes none. */
  readonly value?: CompletedValue;
  /** It may stand there more than once. */
  readonly isRepeated: boolean;
}
export interface CompletedCommand {
  readonly name: string;
  readonly description: string;
  readonly options: readonly CompletedOption[];
  /** In order; a last one that is repeated stands for all that follow. */
  readonly arguments: readonly (CompletedValue & { readonly isRepeated: boolean })[];
}
export interface CompletedProgram extends CompletedCommand {
  readonly commands: readonly CompletedCommand[];
}

/** What help calls a path. */
const paths: ReadonlyMap<string, "directory" | "file"> = new Map([
  ["DIR", "directory"],
  ["FILE", "file"],
]);

/** A program as shells complete it: exactly what its help shows. */
export function toCompletedProgram(program: Command): CompletedProgram {
  const commands = program.createHelp().visibleCommands(program);
  const names = commands.map((command) => command.name()).filter((name) => name !== "help");
  return {
    ...toCompleted(program),
    commands: commands.map((command) => {
      const completed = toCompleted(command);
      // The command that commander adds itself does not say what its argument may be.
      return command.name() === "help" ? { ...completed, arguments: [{ name: "COMMAND", choices: names, isRepeated: false }] } : completed;
    }),
  };
}

function toCompleted(command: Command): CompletedCommand {
  return {
    name: command.name(),
    description: command.description(),
    options: command.createHelp().visibleOptions(command).map(toOption),
    arguments: command.registeredArguments.map(toArgument),
  };
}

function toOption(option: Option): CompletedOption {
  const value = /[<[]([^\].>]+)/.exec(option.flags)?.[1];
  return {
    flags: [option.short, option.long].filter((flag) => flag !== undefined && flag !== null),
    description: option.description,
    ...(value !== undefined && { value: toValue(value, option.argChoices) }),
    isRepeated: option.variadic || Array.isArray(option.defaultValue),
  };
}

function toArgument(argument: Argument): CompletedValue & { readonly isRepeated: boolean } {
  return { ...toValue(argument.name(), argument.argChoices), isRepeated: argument.variadic };
}

function toValue(name: string, choices: readonly string[] | undefined): CompletedValue {
  const path = paths.get(name);
  return { name, choices: choices ?? [], ...(path !== undefined && { path }) };
}
