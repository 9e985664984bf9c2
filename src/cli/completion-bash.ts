import type { CompletedCommand, CompletedOption, CompletedProgram, CompletedValue } from "./completion-model.ts";

/** A script for bash 3.2 and later, without the bash-completion package. Ends with a line feed. */
export function bashCompletion(program: CompletedProgram): string {
  const { commands, name } = program;
  const all = [{ ...program, name: "" }, ...commands];
  return `# bash completion of ${name}: source <(${name} completion bash)
_${name}() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD - 1]}" command="" place=0 at words="" word
  # "--output=json" comes as three words
  if [[ $current == "=" ]]; then current=""; elif [[ $previous == "=" ]]; then previous="\${COMP_WORDS[COMP_CWORD - 2]}"; fi
  for ((at = 1; at < COMP_CWORD; at++)); do
    case "$command \${COMP_WORDS[at]}" in
${skipped(all)}      "$command -"*) ;;
      " "*) command="\${COMP_WORDS[at]}" ;;
      *) place=$((place + 1)) ;;
    esac
  done
  COMPREPLY=()
  case "$command $previous" in
${all.flatMap((command) => command.options.flatMap((option) => valueLines(command.name, option))).join("")}    *)
      if [[ $current == -* ]]; then
        case "$command" in
${all.map((command) => `          ${quoted(command.name)}) words=${quoted(flagsOf(command).join(" "))} ;;\n`).join("")}        esac
      else
        case "$command $place" in
          " 0") words=${quoted(commands.map((command) => command.name).join(" "))} ;;
${commands.flatMap(argumentLines).join("")}        esac
      fi
      ;;
  esac
  case "$words" in
    @directory | @file)
      compopt -o filenames 2>/dev/null
      while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -A "\${words#@}" -- "$current")
      ;;
    *) while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -W "$words" -- "$current") ;;
  esac
}
complete -F _${name} ${name}
`;
}

/** Options whose next word is theirs, and no argument. */
function skipped(commands: readonly CompletedCommand[]): string {
  const patterns = commands.flatMap((command) =>
    command.options.flatMap((option) => (option.value === undefined ? [] : option.flags.map((flag) => quoted(`${command.name} ${flag}`)))),
  );
  return `      ${patterns.join(" | ")})\n        at=$((at + 1)); [[ \${COMP_WORDS[at]} == "=" ]] && at=$((at + 1)) ;;\n`;
}

function valueLines(command: string, option: CompletedOption): readonly string[] {
  if (option.value === undefined) return [];
  return [`    ${option.flags.map((flag) => quoted(`${command} ${flag}`)).join(" | ")}) words=${wordsOf(option.value)} ;;\n`];
}

function argumentLines(command: CompletedCommand): readonly string[] {
  return command.arguments.flatMap((argument, place) => {
    const words = wordsOf(argument);
    if (words === quoted("")) return [];
    return [`          ${quoted(`${command.name} `)}${argument.isRepeated ? "*" : place}) words=${words} ;;\n`];
  });
}

function wordsOf(value: CompletedValue): string {
  return quoted(value.path === undefined ? value.choices.join(" ") : `@${value.path}`);
}

function flagsOf(command: CompletedCommand): readonly string[] {
  return command.options.flatMap((option) => option.flags);
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
