import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Longer than any shell takes; a completion that never comes ends the test with what was seen until then. */
const hangMs = 30_000;

export function hasShell(shell: "bash" | "zsh" | "fish"): boolean {
  return spawnSync(shell, ["--version"], { stdio: "ignore" }).status === 0;
}

/** What bash offers where the cursor stands after the last of `words`; `=` is a word of its own, as readline splits it. */
export function bashOffers(script: string, words: readonly string[]): readonly string[] {
  const driver = `set -u
source "$1"; shift
complete -p countersign >/dev/null || exit 9
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
_countersign
printf '%s\\n' "\${COMPREPLY[@]}"`;
  return lines(withScript(script, (path) => ["bash", "--noprofile", "--norc", "-c", driver, "bash", path, ...words]));
}

export function fishOffers(script: string, line: string): readonly string[] {
  const offered = withScript(script, (path) => ["fish", "--no-config", "-c", 'source $argv[1]; complete -C "$argv[2]"', path, line]);
  return lines(offered).map((text) => text.split("\t")[0] ?? "");
}

/** What a line becomes in a zsh on a terminal of its own when Tab is pressed at its end. */
export function zshCompletes(script: string, line: string, wanted: string): string {
  const driver = `zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell "unset zle_bracketed_paste; setopt no_beep; PROMPT='rea''dy> '; autoload -U compinit; compinit -D -u; source $1; bindkey '^I' complete-word"
zpty -r -m shell seen '*ready> *'
zpty -w -n shell "$2"$'\\t'
zpty -r -m shell seen "*$3*"
print -r -- "$seen"`;
  return withScript(script, (path) => ["zsh", "-f", "-c", driver, "zsh", path, line, wanted]);
}

function withScript(script: string, command: (path: string) => readonly [string, ...string[]]): string {
  const directory = mkdtempSync(join(tmpdir(), "completion-"));
  try {
    const path = join(directory, "_countersign");
    writeFileSync(path, script);
    const [program, ...args] = command(path);
    const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: "utf8", timeout: hangMs, cwd: directory });
    if (status !== 0) throw new TypeError(`${program} ended with ${status}: ${stdout}${stderr}`, { cause: error });
    return stdout;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function lines(text: string): readonly string[] {
  return text.split("\n").filter((line) => line !== "");
}
