/**
 * What a terminal or a reader could take for something else: controls (Cc: ESC, CSI, DEL), invisible and direction-changing characters
 * (Cf, Zl, Zp; CVE-2021-42574) and lone surrogates (Cs). Object names, messages and registry answers are other people's text.
 */
const unsafe = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** One line of text without a character that moves a cursor, hides or reorders: each becomes `\uXXXX`, or `\n`, `\r`, `\t`. */
export function printable(text: string): string {
  return text.replaceAll(unsafe, escaped);
}

/** As {@link printable}, keeping line feeds: for text that was laid out in lines already, inside whose quotes `\uXXXX` is an escape (JSON, YAML). */
export function printableLines(text: string): string {
  return text.replaceAll(unsafe, (found) => (found === "\n" ? found : escaped(found)));
}

/** Whether {@link printable} would change the text. */
export function hasUnsafe(text: string): boolean {
  return text.search(unsafe) >= 0;
}

/** A table's cell as kubectl prints it: cut at the first line break with `...`, ESC as `^[` (cli-runtime printers, kubernetes#101695); then {@link printable}. */
export function printableCell(text: string): string {
  const cut = text.search(/[\f\n\r]/);
  const kept = cut < 0 ? text : `${text.slice(0, cut)}...`;
  return printable(kept.replaceAll("\u001b", "^["));
}

function escaped(found: string): string {
  switch (found) {
    case "\n":
      return "\\n";
    case "\r":
      return "\\r";
    case "\t":
      return "\\t";
    default:
      return Array.from({ length: found.length }, (_, at) => `\\u${found.charCodeAt(at).toString(16).padStart(4, "0")}`).join("");
  }
}
