import type { CliOutput } from "./ports.ts";

/** Signs that a terminal may not be able to show. */
export interface Glyphs {
  readonly branch: string;
  readonly last: string;
  readonly pipe: string;
  readonly blank: string;
  readonly yes: string;
  readonly no: string;
  readonly unknown: string;
  /** Of what was left out, and why that does not matter. */
  readonly skipped: string;
  /** In place of what was cut off. */
  readonly cut: string;
  readonly arrow: string;
}

export const unicode: Glyphs = {
  branch: "├─ ",
  last: "└─ ",
  pipe: "│  ",
  blank: "   ",
  yes: "✓",
  no: "✗",
  unknown: "?",
  skipped: "·",
  cut: "…",
  arrow: "→",
};
export const ascii: Glyphs = {
  branch: "|- ",
  last: "`- ",
  pipe: "|  ",
  blank: "   ",
  yes: "+",
  no: "x",
  unknown: "?",
  skipped: "-",
  cut: "...",
  arrow: "->",
};

/** What the output's locale can show. */
export function glyphsFor(output: CliOutput): Glyphs {
  return (output.unicode ?? true) ? unicode : ascii;
}

/** A line of a tree: text that is already escaped, lines that belong to it, and what hangs on it. */
export interface TreeNode {
  readonly text: string;
  /** Below `text`, indented by the width of a sign. */
  readonly lines?: readonly string[];
  readonly children?: readonly TreeNode[];
}

/** A tree with its root at the left edge. Every line ends with a line feed. */
export function renderTree(root: TreeNode, glyphs: Glyphs): string {
  return (
    linesOf(root, glyphs)
      // The engine's sentences cut digests short.
      .map((line) => `${line.trimEnd().replaceAll(unicode.cut, glyphs.cut)}\n`)
      .join("")
  );
}

function linesOf(node: TreeNode, glyphs: Glyphs): readonly string[] {
  const children = node.children ?? [];
  const beside = children.length > 0 ? glyphs.pipe : glyphs.blank;
  const own = [node.text, ...(node.lines ?? []).map((line) => `${beside}${line}`)];
  const hanging = children.flatMap((child, at) => {
    const isLast = at === children.length - 1;
    const [first = "", ...rest] = linesOf(child, glyphs);
    return [`${isLast ? glyphs.last : glyphs.branch}${first}`, ...rest.map((line) => `${isLast ? glyphs.blank : glyphs.pipe}${line}`)];
  });
  return [...own, ...hanging];
}
