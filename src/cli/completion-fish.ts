import type { CompletedCommand, CompletedOption, CompletedProgram, CompletedValue } from "./completion-model.ts";

/** A script for fish 3. Ends with a line feed. */
export function fishCompletion(program: CompletedProgram): string {
  const { commands, name } = program;
  const lines = [
    "-f",
    ...program.options.map((option) => `-n __fish_use_subcommand ${optionSpec(option)}`),
    ...commands.map((command) => `-n __fish_use_subcommand -a ${quoted(command.name)} -d ${quoted(command.description)}`),
    ...commands.flatMap(commandLines),
  ];
  return `# fish completion of ${name}: ${name} completion fish | source\n${lines.map((line) => `complete -c ${name} ${line}\n`).join("")}`;
}

function commandLines(command: CompletedCommand): readonly string[] {
  const seen = `__fish_seen_subcommand_from ${command.name}`;
  return [
    ...command.options.map((option) => `-n ${quoted(seen)} ${optionSpec(option)}`),
    ...command.arguments.flatMap((argument) => {
      if (argument.path !== undefined) return [`-n ${quoted(seen)} -F`];
      if (argument.choices.length === 0) return [];
      // One that stands there once is not offered again.
      const once = argument.isRepeated ? "" : `; and not __fish_seen_subcommand_from ${argument.choices.join(" ")}`;
      return [`-n ${quoted(`${seen}${once}`)} -a ${quoted(argument.choices.join(" "))}`];
    }),
  ];
}

function optionSpec(option: CompletedOption): string {
  const flags = option.flags.map((flag) => (flag.startsWith("--") ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`));
  return [...flags, ...(option.value === undefined ? [] : [valueSpec(option.value)]), `-d ${quoted(option.description)}`].join(" ");
}

function valueSpec({ choices, path }: CompletedValue): string {
  if (path !== undefined) return path === "directory" ? "-x -a '(__fish_complete_directories)'" : "-r -F";
  return choices.length === 0 ? "-x" : `-x -a ${quoted(choices.join(" "))}`;
}

/** Inside single quotes fish knows two escapes. */
function quoted(text: string): string {
  return `'${text.replaceAll(/[\\']/g, String.raw`\$&`)}'`;
}
