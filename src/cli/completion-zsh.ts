import type { CompletedCommand, CompletedOption, CompletedProgram, CompletedValue } from "./completion-model.ts";

/** A script for zsh 5, to be sourced after `compinit` or put into a directory of `fpath` as `_NAME`. Ends with a line feed. */
export function zshCompletion(program: CompletedProgram): string {
  const { commands, name } = program;
  return `#compdef ${name}
# zsh completion of ${name}: source <(${name} completion zsh)
_${name}_commands() {
  local -a commands
  commands=(
${commands.map((command) => `    ${quoted(`${command.name}:${command.description}`)}\n`).join("")}  )
  _describe command commands
}
_${name}() {
  local curcontext="$curcontext" context state state_descr line
  typeset -A opt_args
  _arguments -C \\
${program.options.map((option) => `    ${optionSpec(option)} \\\n`).join("")}    '1: :_${name}_commands' \\
    '*:: :->arguments'
  [[ $state == arguments ]] || return
  case $line[1] in
${commands.map(commandCase).join("")}  esac
}
if [[ $funcstack[1] == _${name} ]]; then _${name} "$@"; else compdef _${name} ${name}; fi
`;
}

function commandCase(command: CompletedCommand): string {
  const places = command.arguments.map((argument, place) =>
    quoted(`${argument.isRepeated ? "*" : place + 1}:${escaped(argument.name)}:${action(argument)}`),
  );
  const specs = [...command.options.map(optionSpec), ...places];
  return `    ${command.name})\n      _arguments -s -S${specs.map((spec) => ` \\\n        ${spec}`).join("")}\n      ;;\n`;
}

/** `'(-o --output)'{-o,--output=}'[…]:FORMAT:(text json)'` */
function optionSpec(option: CompletedOption): string {
  const { flags, value } = option;
  const rest = quoted(`[${escaped(option.description)}]${value === undefined ? "" : `:${escaped(value.name)}:${action(value)}`}`);
  // "--output=json" and "-ojson" do as well as two words.
  const forms = flags.map((flag) => (value === undefined ? flag : `${flag}${flag.startsWith("--") ? "=" : "+"}`));
  const excluded = option.isRepeated ? quoted("*") : quoted(`(${flags.join(" ")})`);
  return `${excluded}${forms.length === 1 ? forms[0] : `{${forms.join(",")}}`}${rest}`;
}

function action({ choices, path }: CompletedValue): string {
  if (path !== undefined) return path === "directory" ? "_files -/" : "_files";
  // Not `_message`, which keeps zsh from putting in the one option that matches.
  return choices.length === 0 ? "()" : `(${choices.join(" ")})`;
}

/** Colons and brackets mean something to `_arguments`. */
function escaped(text: string): string {
  return text.replaceAll(/[\\:[\]]/g, String.raw`\$&`);
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
